/** The capabilities of the embedded emulator: those of a vault, without expiry. */
import type { TargetCapabilities } from '../../transfer/ports/target.js';
import { GLACIER_CAPABILITIES } from '../glacier/capabilities.js';
import type { ServiceEndpoint } from '../settings.js';

export const LOCAL_CAPABILITIES: TargetCapabilities = { ...GLACIER_CAPABILITIES, idleExpiryMs: null };

/** The emulator accepts any region. Its real endpoint, on loopback, is known once it runs. */
export const LOCAL_ENDPOINT: ServiceEndpoint = { region: 'us-east-1', endpoint: null };
