/** A Slurm of one node in a folder of its own, with its own authentication, without systemd. Needs the superuser. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.js';
import { type Cleanup, tempFolder } from '../support/temp.js';

/** Source: Slurm documentation, slurm.conf. A task may share a processor with seven others. */
function confOf(folder: string, [ctld = 0, slurmd = 0]: readonly number[]): string {
  const [host = 'localhost'] = hostname().split('.');
  return [
    'ClusterName=one',
    `SlurmctldHost=${host}(127.0.0.1)`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    'CredType=cred/munge',
    // A requeued job waits until credentials of its earlier start have expired.
    `AuthInfo=socket=${folder}/munge.socket,cred_expire=5`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool`,
    `SlurmctldPidFile=${folder}/ctld.pid`,
    `SlurmdPidFile=${folder}/d.pid`,
    `SlurmctldLogFile=${folder}/ctld.log`,
    `SlurmdLogFile=${folder}/d.log`,
    `SlurmctldPort=${ctld}`,
    `SlurmdPort=${slurmd}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'ReturnToService=2',
    'MpiDefault=none',
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN`,
    `PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8`,
    '',
  ].join('\n');
}

/** Starts the daemons. @returns the environment of the commands of Slurm */
export async function startSlurm(t: Cleanup): Promise<Record<string, string>> {
  const folder = tempFolder(t);
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o400 });
  writeFileSync(join(folder, 'slurm.conf'), confOf(folder, await freePorts(2)));
  const env = {
    ...process.env,
    SLURM_CONF: join(folder, 'slurm.conf'),
    PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
  };
  const started: ChildProcess[] = [];
  const start = (name: string, words: readonly string[]): void => {
    started.push(spawn(name, [...words], { env, stdio: 'ignore' }));
  };
  t.after(() => Promise.all(started.map(endIt)));
  const own = (name: string): string => join(folder, name);
  start('munged', [
    ...['--foreground', '--force', `--socket=${own('munge.socket')}`, `--key-file=${own('munge.key')}`],
    ...[
      `--pid-file=${own('munge.pid')}`,
      `--log-file=${own('munge.log')}`,
      `--seed-file=${own('munge.seed')}`,
    ],
  ]);
  await sleep(1000);
  start('slurmctld', ['-D']);
  start('slurmd', ['-D']);
  return { SLURM_CONF: env.SLURM_CONF, PATH: env.PATH };
}

async function endIt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
