/** The options that open a session with a target. */
import type { ServiceOptions } from './service.js';
import type { CatalogueOptions, StateOptions } from './state.js';
import type { TransferOptions } from './transfer.js';

/** Options of every command that asks a service. */
interface TargetOptions extends StateOptions, CatalogueOptions {
  readonly service: ServiceOptions;
}

export interface SessionOptions extends TargetOptions {
  readonly transfer: TransferOptions;
}
