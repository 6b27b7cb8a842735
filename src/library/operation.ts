/** The frame that all functions of the library share: options, events, the signal of the caller, and errors. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { systemClock } from '../cli/clock.js';
import type { Io } from '../cli/io.js';
import type { Given } from '../cli/options/given.js';
import { type Groups, type OptionsOf, readGroups } from '../cli/options/group.js';
import { serviceOptions } from '../cli/options/service.js';
import { type CatalogueOptions, folderOptions, type StateOptions } from '../cli/options/state.js';
import { onAbort } from '../core/abort-signals.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import type { GivenCredentials } from '../targets/settings.js';
import type { Report, TransferEvent } from '../transfer/events.js';
import { ProgressMeter } from '../ui/progress/progress-meter.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { calveErrorOf } from './calve-error-of.js';
import { checkedCredentials, type LookUp } from './credentials.js';
import { camelCase, givenValues, OPTIONS_HINT, usage } from './given.js';
import { Listener } from './listener.js';
import { programWords } from './program-words.js';

/**
 * The options that say where and how patiently: every function takes them, also one that needs only some, so that a
 * program can give the same ones to all.
 */
const OTHERS = [
  'signal',
  'onEvent',
  'credentials',
  ...[serviceOptions, ...Object.values(folderOptions)]
    .flatMap(({ options }) => options)
    .map(({ long }) => camelCase(long ?? '')),
];

/** The options of a function, and how they are read. */
export interface Call<G extends Groups> {
  /** The groups of the command with the same name. */
  readonly groups: G;
  /** The flags that the command has and the function has not. */
  readonly without?: readonly string[];
  /** The names of options, by flag, that are not the flag in camelCase. */
  readonly names?: Readonly<Record<string, string>>;
  /** The options that belong to no command; default: those that say where, and those of every call. */
  readonly others?: readonly string[];
  /** The sentence that names the list of options. */
  readonly hint?: string;
  readonly options: object;
}

/** The facts and tools that the body of a function works with. */
export interface Operation<O> {
  readonly io: Pick<Io, 'env' | 'homeDir' | 'absolute' | 'signal'>;
  readonly options: O;
  readonly given: Given;
  readonly reporter: { readonly report: Report };
}

/** Options that belong to no command. */
interface OwnOptions {
  readonly signal?: AbortSignal | null;
  readonly listener?: Listener;
  readonly credentials?: GivenCredentials | null;
  readonly lookUp?: LookUp | null;
}

/** Runs one call. @throws CalveError; the error of `onEvent` */
export async function perform<G extends Groups, T>(
  call: Call<G>,
  body: (operation: Operation<OptionsOf<G>>) => Promise<T>,
): Promise<T> {
  const run = new CallRun(call);
  try {
    const result = await body(run.start());
    await run.assertHeard();
    return result;
  } catch (error) {
    throw run.errorOf(error);
  } finally {
    run.end();
  }
}

/** Runs one call whose results come one by one. Nothing happens before the first one is asked for. @throws as perform */
export async function* performEach<G extends Groups, T>(
  call: Call<G>,
  body: (operation: Operation<OptionsOf<G>>) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const run = new CallRun(call);
  try {
    for await (const each of body(run.start())) {
      yield each;
      // A list that is cut off must not look complete.
      run.assertGoing();
    }
    run.assertGoing();
    await run.assertHeard();
  } catch (error) {
    throw run.errorOf(error);
  } finally {
    run.end();
  }
}

class CallRun<G extends Groups> {
  readonly #call: Call<G>;
  readonly #stop = new AbortController();
  readonly #nameOf = (long: string): string => this.#call.names?.[long] ?? camelCase(long);
  readonly #meter = new ProgressMeter(systemClock.monotonicMs);
  #own: OwnOptions = {};
  #folders: Partial<StateOptions & CatalogueOptions> = {};
  #stopListening = (): void => undefined;
  #hasEnded = false;

  constructor(call: Call<G>) {
    this.#call = call;
    setMaxListeners(0, this.#stop.signal);
  }

  /** @throws TransferError `usage` for options that are not valid; `stopped` if the signal was aborted before */
  start(): Operation<OptionsOf<G>> {
    const { groups, without = [], others = OTHERS, hint = OPTIONS_HINT, options: values } = this.#call;
    if (typeof values !== 'object' || values === null) throw usage('options', 'they are an object', hint);
    // The emulator has none of the options that belong to every call.
    this.#own = ownOptions(others === OTHERS ? values : {}, (error) => {
      this.#stop.abort(new TransferError('stopped', { signal: null }, { cause: error }));
    });
    const { signal, credentials } = this.#own;
    if (signal?.aborted === true) throw stopped(signal);
    if (signal) this.#listen(signal);
    const declared = Object.values(groups).flatMap((group) => group.options);
    const usable = declared.filter(({ long }) => !without.includes(long ?? ''));
    const taken = { options: usable, others, nameOf: this.#nameOf, hint };
    const given = givenValues(values as Record<string, unknown>, taken);
    const io = { ...ioOfProcess(), signal: this.#stop.signal };
    const options = readGroups(groups, given, io);
    this.#folders = options as Partial<StateOptions & CatalogueOptions>;
    const report: Report = (event) => this.#report(event);
    return {
      io,
      given: withoutPlaces(given),
      options: withService(options, credentials ?? null),
      reporter: { report },
    };
  }

  /** Node warns of a signal with many listeners, and a program may give one signal to many calls. */
  #listen(signal: AbortSignal): void {
    const own = signal instanceof AbortSignal ? AbortSignal.any([signal]) : signal;
    // The function that removes the listener keeps `own` in memory; the signal of the program does not.
    this.#stopListening = onAbort(own, () => this.#stop.abort(stopped(signal)));
  }

  #report(event: TransferEvent): void {
    if (this.#hasEnded) return;
    this.#meter.note(event);
    if (event.type === 'archived') this.#meter.finish();
    const isRetry = event.type === 'retry';
    this.#own.listener?.hear(isRetry ? { ...event, why: programWords(event.why, [], this.#nameOf) } : event);
  }

  /** @throws TransferError `stopped` if the signal was aborted meanwhile */
  assertGoing(): void {
    this.#stop.signal.throwIfAborted();
  }

  async assertHeard(): Promise<void> {
    await this.#own.listener?.assertHeard(this.#stop.signal);
  }

  errorOf(error: unknown): unknown {
    const { listener, lookUp = null } = this.#own;
    if (listener?.failure) return listener.failure.error;
    const held = this.#meter.held();
    if (isFailure(error, 'stopped') && held) withContext(error, { held });
    return calveErrorOf(error, { wording: this.#wording(), nameOf: this.#nameOf, lookUp });
  }

  #wording(): WordingEnvironment {
    const { state, catalogue } = this.#folders;
    return {
      stateDirectory: state?.known ?? null,
      stateDirectoryGiven: state?.isGiven ?? false,
      catalogueGiven: catalogue?.isGiven === true ? catalogue.known : null,
      isTerminal: false,
    };
  }

  end(): void {
    this.#hasEnded = true;
    this.#stopListening();
  }
}

function stopped({ reason }: AbortSignal): TransferError<'stopped'> {
  return new TransferError('stopped', { signal: null }, { cause: reason });
}

function ownOptions(values: object, onFailure: (error: unknown) => void): OwnOptions {
  const { signal, onEvent, credentials } = values as Record<string, unknown>;
  // A test runner may have an AbortSignal class of its own.
  if (signal && typeof (signal as AbortSignal).addEventListener !== 'function') {
    throw usage('signal', 'it is an AbortSignal');
  }
  if (onEvent && typeof onEvent !== 'function') throw usage('onEvent', 'it is a function');
  const { key = null, lookUp = null } = credentials ? checkedCredentials(credentials) : {};
  return {
    ...(signal ? { signal: signal as AbortSignal } : {}),
    ...(onEvent ? { listener: new Listener(onEvent as (event: TransferEvent) => unknown, onFailure) } : {}),
    credentials: key,
    lookUp,
  };
}

const PLACES = new Set(serviceOptions.options.map(({ long }) => long));

/**
 * No option that says where counts as typed, so none is refused where the target has no use for it: a program gives the
 * same ones to all calls, whatever their targets.
 */
function withoutPlaces(given: Given): Given {
  return { ...given, isTyped: (long) => !PLACES.has(long) && given.isTyped(long) };
}

/** The credentials are part of the settings of a target, which come from the group `service`. */
function withService<O>(options: O, credentials: GivenCredentials | null): O {
  const { service } = options as { readonly service?: object };
  if (service === undefined) return options;
  return { ...options, service: { ...service, typed: [], ...(credentials && { credentials }) } };
}

/** The variables of calve configure the command line. A program has options for that. */
function ioOfProcess(): Omit<Operation<unknown>['io'], 'signal'> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALVE_')));
  return { env, homeDir: homeFolder(), absolute: (path) => resolve(path) };
}

/** Returns the home folder; empty where there is none. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}
