import { type ApiResponse, createdResponse, jsonResponse, NO_CONTENT } from '../http/api-response.js';
import { invalid, ServiceError, vaultNotFound } from '../http/service-error.js';
import {
  createVault,
  deleteVault,
  isVaultName,
  listVaultNames,
  readVault,
  type VaultMetadata,
} from '../store/vaults.js';
import { type ApiRequest, requireVault, type Service, vaultArn, vaultPath } from './api-request.js';
import { cutPage, pageLimit } from './paging.js';

const VAULTS_PER_PAGE_MAX = 10;

export async function handleCreateVault(request: ApiRequest, service: Service): Promise<ApiResponse> {
  if (!isVaultName(request.vaultName)) throw invalid('vault name', request.vaultName);
  await createVault(service.store, request.vaultName);
  return createdResponse({ location: vaultPath(request, service) });
}

export async function handleDescribeVault(request: ApiRequest, service: Service): Promise<ApiResponse> {
  await requireVault(request, service);
  const vault = await readVault(service.store, request.vaultName);
  if (vault === null) throw vaultNotFound(vaultArn(request, service));
  return jsonResponse(vaultJson(vault, request, service));
}

/** Here the marker is a vault's ARN (exclusive), as in the developer guide. The markers of other lists are opaque. */
export async function handleListVaults(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const limit = pageLimit(request.query, VAULTS_PER_PAGE_MAX);
  const marker = request.query.get('marker') ?? '';
  const after = marker.split(':vaults/')[1] ?? '';
  if (marker !== '' && marker !== vaultArn(request, service, after)) throw invalid('marker', marker);
  const names = await listVaultNames(service.store, after);
  const page = cutPage(names, limit, (name) => vaultArn(request, service, name));
  const vaults = await Promise.all(page.items.map((name) => readVault(service.store, name)));
  const list = vaults.flatMap((vault) => (vault === null ? [] : [vaultJson(vault, request, service)]));
  return jsonResponse({ Marker: page.marker, VaultList: list });
}

export async function handleDeleteVault(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const { vaultName } = request;
  if (!isVaultName(vaultName) || (await deleteVault(service.store, vaultName))) return NO_CONTENT;
  throw new ServiceError(
    'InvalidParameterValueException',
    `Vault not empty or recently written to: ${vaultArn(request, service)}`,
  );
}

function vaultJson(vault: VaultMetadata, request: ApiRequest, service: Service): object {
  const { name, createdAt, inventory } = vault;
  return {
    CreationDate: createdAt,
    LastInventoryDate: inventory?.date ?? null,
    NumberOfArchives: inventory?.archives ?? 0,
    SizeInBytes: inventory?.sizeBytes ?? 0,
    VaultARN: vaultArn(request, service, name),
    VaultName: name,
  };
}
