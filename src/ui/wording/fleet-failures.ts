/** The failures of fleets: manifests, receipts, missing parts, and files that are not the same on all machines. */
import type { FailureFacts, FleetWords } from '../../core/failures.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { fleetLine, pasteLine } from './paste-line.js';
import { count, type FailureDescriber, withDetail } from './wording-parts.js';

type ManifestReason = FailureFacts['manifest']['why'];

const MANIFEST_REASONS: { readonly [R in ManifestReason]: { readonly why: string; readonly fix: string } } = {
  missing: {
    why: 'there is no such manifest',
    fix: 'check the path; calve fleet create FILE TARGET --shards N --manifest M writes one',
  },
  unreadable: { why: 'the manifest cannot be read', fix: 'check its permissions and the disk that it is on' },
  damaged: {
    why: 'it is not a manifest that calve can use',
    fix: 'copy it again from the machine that created the fleet',
  },
  newer: {
    why: 'a newer version of calve wrote the manifest',
    fix: 'use that version of calve on all machines',
  },
  'not-writable': {
    why: 'calve cannot write the manifest there',
    fix: 'free space on that disk or fix its permissions, or name another file with --manifest',
  },
  'receipts-unreadable': {
    why: 'the receipts there cannot be read',
    fix: 'check the permissions of that folder, or name another one with --receipts',
  },
  'receipts-not-writable': {
    why: 'calve cannot write receipts there',
    fix: 'name a folder that this machine may write to, with --receipts DIR',
  },
};

export const describeManifest: FailureDescriber<'manifest'> = (error) => {
  const { path, why, detail } = error.facts;
  const reason = MANIFEST_REASONS[why];
  return { what: safeWhole(path), why: withDetail(reason.why, detail), hint: reason.fix };
};

/** Longer lists of shares become a loop over ranges. */
const SHARDS_NAMED_MAX = 200;

/** Returns the one line that sends some shares, one after the other. */
function sendLine(fleet: FleetWords, shards: readonly number[]): string {
  const [only, ...others] = shards;
  if (others.length === 0) return fleetLine('send', fleet, [`--shard=${only}`]);
  const isLong = shards.length > SHARDS_NAMED_MAX;
  const numbers = isLong ? `$(seq ${shards[0]} ${shards.at(-1)})` : shards.join(' ');
  return `for k in ${numbers}; do ${fleetLine('send', fleet, [], ' --shard="$k"')} || break; done`;
}

export const describeFleetIncomplete: FailureDescriber<'fleet-incomplete'> = (error) => {
  const { fleet, shards, partCount, missing, unreceipted } = error.facts;
  const lacks =
    missing > 0
      ? `the service lacks ${missing.toLocaleString('en-US')} of ${count(partCount, 'part')}`
      : `${count(unreceipted, 'part')} of ${partCount.toLocaleString('en-US')} on the service have no receipt here`;
  const verify =
    missing > 0 ? '' : `; or read the file here with: ${fleetLine('finish', fleet, ['--verify'])}`;
  const named = shards.slice(0, SHARDS_NAMED_MAX).join(', ');
  const more = shards.length > SHARDS_NAMED_MAX ? ', …' : '';
  return {
    what: `fleet ${safeWhole(fleet.manifest)}`,
    why: `${lacks}, of ${shards.length === 1 ? 'share' : 'shares'} ${named}${more}: nothing was completed`,
    hint: `${missing > 0 ? 'send what is missing' : 'compare them with the file'} with: ${sendLine(fleet, shards)}${verify}`,
  };
};

type Differs = FailureFacts['fleet-differs'];

function differsWhy({ why, index, shard }: Differs): string {
  const part = index === null ? '' : ` (part ${index}${shard === null ? '' : ` of share ${shard}`})`;
  switch (why) {
    case 'size':
    case 'file':
      return 'it is not the file that the fleet was created for';
    case 'earlier':
      return 'the file has changed since the fleet was created';
    case 'held':
      return `the service holds other bytes than this file has${part}`;
    case 'receipts':
      return `the machines have sent different bytes${part}, so one of them has another file`;
    case 'unproven':
      return `a machine sent a file with another modification time${part}, and nothing shows that its bytes are the same`;
    case 'whole':
      return 'the parts do not make the file that create --hash has read, so one machine has another file';
  }
}

function differsFix({ fleet, why, shard, index }: Differs): string {
  const verify = `finish reads the file here with: ${fleetLine('finish', fleet, ['--verify'])}`;
  const replace = `where the file is the right one, send its parts again with: ${fleetLine('send', fleet, [`--shard=${shard ?? 0}`, '--replace'])}`;
  switch (why) {
    case 'size':
      return 'name the right file with --file';
    case 'file':
      return 'name the right file with --file; --ignore-mtime accepts another modification time, and finish then needs --verify, or a fleet of create --hash';
    case 'earlier':
      return `name another manifest: each upload has its own; if that fleet was not finished, abort it with: ${fleetLine('abort', fleet, [])}`;
    case 'held':
      return index === null
        ? `check the manifest: ${pasteLine([fleet.manifest])}`
        : `check the file on each machine; ${replace}`;
    case 'receipts':
      return `check the file on each machine; ${verify}, and names the parts that are wrong`;
    case 'unproven':
      // It compares every byte, so the time of the file here does not matter either.
      return `finish reads the file here with: ${fleetLine('finish', fleet, ['--verify', '--ignore-mtime'])}`;
    case 'whole':
      return `check the file on each machine; ${verify}, and names the parts that are wrong`;
  }
}

export const describeFleetDiffers: FailureDescriber<'fleet-differs'> = (error) => {
  const { facts } = error;
  const why = withDetail(differsWhy(facts), facts.detail === null ? null : safeText(facts.detail));
  const nothing = facts.why === 'earlier' ? 'nothing was created' : 'nothing was completed';
  return { what: safeWhole(facts.path), why: `${why}; ${nothing}`, hint: differsFix(facts) };
};
