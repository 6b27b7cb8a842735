/** The configuration of a Ceph of one monitor, one OSD and one S3 gateway on loopback. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name of the cluster; any UUID does. */
export const FSID = '7c1a7e00-0000-4000-8000-00000000ce9b';

export interface RgwLayout {
  readonly folder: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
}

/**
 * The defaults are for real clusters: a change of the cluster's map waits for a second, and a request that meets no OSD
 * yet waits for five. With the shorter times a start takes two seconds instead of twenty. The objects are in memory.
 */
function config({ folder, monitorPort, gatewayPort }: RgwLayout): string {
  return `[global]
fsid = ${FSID}
mon initial members = a
mon host = [v1:127.0.0.1:${monitorPort}]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr2 = false
ms bind ipv4 = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
mon data avail warn = 2
paxos propose interval = 0.02
paxos min wait = 0.01
objecter tick interval = 0.2
mon client hunt interval = 0.3
run dir = ${folder}
admin socket =
pid file =
log file =
keyring = ${join(folder, 'keyring')}
[mon.a]
mon data = ${join(folder, 'mon')}
mon addr = 127.0.0.1:${monitorPort}
[osd.0]
osd data = ${join(folder, 'osd')}
osd objectstore = memstore
memstore device bytes = ${8 * 1024 ** 3}
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw data = ${join(folder, 'rgw')}
rgw dns name = localhost
rgw thread pool size = 32
rgw enable ops log = false
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw enable quota threads = false
rgw run sync thread = false
rgw dynamic resharding = false
`;
}

/** @returns the path of the configuration */
export function writeRgwLayout(layout: RgwLayout): string {
  for (const name of ['mon', 'osd', 'rgw']) mkdirSync(join(layout.folder, name));
  writeFileSync(join(layout.folder, 'keyring'), '');
  const path = join(layout.folder, 'ceph.conf');
  writeFileSync(path, config(layout));
  return path;
}
