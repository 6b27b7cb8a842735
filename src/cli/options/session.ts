/** The options that open a session with a target. */
import type { ServiceOptions } from './service.js';
import type { CatalogueOptions, StateOptions } from './state.js';
import type { TransferOptions } from './transfer.js';

/** Options of every command that asks a service. */
export interface TargetOptions {
  readonly service: ServiceOptions;
  readonly transfer: TransferOptions;
}

export interface SessionOptions extends TargetOptions, StateOptions, CatalogueOptions {}
