/** The configuration of a Swift that runs on loopback, on ports that the system chooses. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.js';

export const STORES = ['account', 'container', 'object'] as const;

export interface Layout {
  readonly folder: string;
  readonly etc: string;
  readonly user: string;
  readonly ports: Readonly<Record<(typeof STORES)[number] | 'proxy' | 'memcached', number>>;
}

function common({ folder, etc, user }: Layout, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${etc}
log_address = ${join(folder, 'no-log')}
log_level = CRITICAL
`;
}

function storeConfig(layout: Layout, store: (typeof STORES)[number]): string {
  return `${common(layout, layout.ports[store])}mount_check = false
devices = ${join(layout.folder, 'devices')}
disable_fallocate = true
[pipeline:main]
pipeline = ${store}-server
[app:${store}-server]
use = egg:swift#${store}
`;
}

const FILTERS = {
  catch_errors: '',
  gatekeeper: '',
  healthcheck: '',
  listing_formats: '',
  tempauth: 'user_test_tester = testing .admin\n',
  bulk: '',
  slo: '',
};

function proxyConfig(layout: Layout): string {
  const filters = Object.entries(FILTERS)
    .map(([name, more]) => `[filter:${name}]\nuse = egg:swift#${name}\n${more}`)
    .join('');
  return `${common(layout, layout.ports.proxy)}[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
error_suppression_limit = 100000
${filters}[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${layout.ports.memcached}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
s3_acl = false
min_segment_size = 5242880
max_upload_part_num = 10000
`;
}

/** Chooses free ports and writes the configuration of each server. */
export async function writeLayout(folder: string): Promise<Layout> {
  const [account = 0, container = 0, object = 0, proxy = 0, memcached = 0] = await freePorts(5);
  const ports = { account, container, object, proxy, memcached };
  const layout = { folder, etc: join(folder, 'etc'), user: userInfo().username, ports };
  mkdirSync(layout.etc);
  mkdirSync(join(folder, 'devices/disk'), { recursive: true });
  const hash = '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n';
  writeFileSync(join(layout.etc, 'swift.conf'), `${hash}[storage-policy:0]\nname = p0\ndefault = yes\n`);
  for (const store of STORES) writeFileSync(join(layout.etc, `${store}.conf`), storeConfig(layout, store));
  writeFileSync(join(layout.etc, 'proxy.conf'), proxyConfig(layout));
  return layout;
}
