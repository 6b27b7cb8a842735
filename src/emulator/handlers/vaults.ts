import { sortedJson } from '../http/api-response.js';
import { invalid, ServiceError, vaultNotFound } from '../http/service-error.js';
import {
  createVault,
  deleteVault,
  isVaultName,
  listVaultNames,
  readVault,
  type VaultFacts,
} from '../store/vaults.js';
import {
  type Call,
  JSON_TYPE,
  type Reply,
  requireVault,
  type Service,
  vaultArn,
  vaultPath,
} from './api-request.js';
import { cutPage, pageLimit } from './paging.js';

const VAULTS_PER_PAGE_MAX = 10;

export async function handleCreateVault(call: Call, service: Service): Promise<Reply> {
  if (!isVaultName(call.vaultName)) throw invalid('vault name', call.vaultName);
  await createVault(service.store, call.vaultName);
  return { status: 201, headers: { ...JSON_TYPE, location: vaultPath(call, service) }, body: '{}' };
}

export async function handleDescribeVault(call: Call, service: Service): Promise<Reply> {
  await requireVault(call, service);
  const facts = await readVault(service.store, call.vaultName);
  if (facts === null) throw vaultNotFound(vaultArn(call, service));
  return { status: 200, headers: JSON_TYPE, body: sortedJson(describe(facts, call, service)) };
}

/** The marker is a vault's ARN (exclusive), as the developer guide has it; all others are opaque. */
export async function handleListVaults(call: Call, service: Service): Promise<Reply> {
  const limit = pageLimit(call.query, VAULTS_PER_PAGE_MAX);
  const marker = call.query.get('marker') ?? '';
  const after = marker.split(':vaults/')[1] ?? '';
  if (marker !== '' && marker !== vaultArn(call, service, after)) throw invalid('marker', marker);
  const names = await listVaultNames(service.store, after);
  const page = cutPage(names, limit, (name) => vaultArn(call, service, name));
  const vaults = await Promise.all(page.items.map((name) => readVault(service.store, name)));
  const list = vaults.flatMap((facts) => (facts === null ? [] : [describe(facts, call, service)]));
  return { status: 200, headers: JSON_TYPE, body: sortedJson({ Marker: page.next, VaultList: list }) };
}

export async function handleDeleteVault(call: Call, service: Service): Promise<Reply> {
  if (!isVaultName(call.vaultName) || (await deleteVault(service.store, call.vaultName))) {
    return { status: 204, headers: {}, body: '' };
  }
  throw new ServiceError(
    'InvalidParameterValueException',
    `Vault not empty or recently written to: ${vaultArn(call, service)}`,
  );
}

function describe({ name, createdAt, inventory }: VaultFacts, call: Call, service: Service): object {
  return {
    CreationDate: createdAt,
    LastInventoryDate: inventory?.date ?? null,
    NumberOfArchives: inventory?.archives ?? 0,
    SizeInBytes: inventory?.sizeBytes ?? 0,
    VaultARN: vaultArn(call, service, name),
    VaultName: name,
  };
}
