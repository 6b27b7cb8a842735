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
import { checkedCredentials } from './credentials.js';
import { camelCase, givenValues, usage } from './given.js';

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
  readonly onEvent?: ((event: TransferEvent) => void) | null;
  readonly credentials?: GivenCredentials | null;
}

/** Runs one call. @throws CalveError; the error of `onEvent` */
export async function perform<G extends Groups, T>(
  call: Call<G>,
  body: (operation: Operation<OptionsOf<G>>) => Promise<T>,
): Promise<T> {
  const run = new CallRun(call);
  try {
    const result = await body(run.start());
    run.assertHeard();
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
    yield* body(run.start());
    run.assertHeard();
  } catch (error) {
    throw run.errorOf(error);
  } finally {
    run.end();
  }
}

class CallRun<G extends Groups> {
  readonly #call: Call<G>;
  readonly #stop = new AbortController();
  readonly #meter = new ProgressMeter(systemClock.monotonicMs);
  #own: OwnOptions = {};
  #folders: Partial<StateOptions & CatalogueOptions> = {};
  #stopListening = (): void => undefined;
  /** The error that the caller's `onEvent` threw. */
  #thrown: { readonly error: unknown } | null = null;
  #hasEnded = false;

  constructor(call: Call<G>) {
    this.#call = call;
    setMaxListeners(0, this.#stop.signal);
  }

  /** @throws TransferError `usage` for options that are not valid; `stopped` if the signal was aborted before */
  start(): Operation<OptionsOf<G>> {
    const { groups, without = [], names = {}, others = OTHERS, options: values } = this.#call;
    if (typeof values !== 'object' || values === null) throw usage('options', 'they are an object');
    this.#own = ownOptions(values);
    const { signal, credentials } = this.#own;
    if (signal?.aborted === true) throw stopped(signal);
    if (signal) this.#listen(signal);
    const declared = Object.values(groups).flatMap((group) => group.options);
    const usable = declared.filter(({ long }) => !without.includes(long ?? ''));
    const nameOf = (long: string): string => names[long] ?? camelCase(long);
    const given = givenValues(values as Record<string, unknown>, { options: usable, others, nameOf });
    const io = { ...ioOfProcess(), signal: this.#stop.signal };
    const options = readGroups(groups, given, io);
    this.#folders = options as Partial<StateOptions & CatalogueOptions>;
    const report: Report = (event) => this.#report(event);
    return { io, given, options: withCredentials(options, credentials ?? null), reporter: { report } };
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
    try {
      if (this.#thrown === null) this.#own.onEvent?.(event);
    } catch (error) {
      // The work must not go on as if the caller had heard the event.
      this.#thrown = { error };
      this.#stop.abort(new TransferError('stopped', { signal: null }, { cause: error }));
    }
  }

  /** @throws the error that `onEvent` threw at an event after which nothing was left to stop */
  assertHeard(): void {
    if (this.#thrown !== null) throw this.#thrown.error;
  }

  errorOf(error: unknown): unknown {
    if (this.#thrown !== null) return this.#thrown.error;
    const held = this.#meter.held();
    if (isFailure(error, 'stopped') && held) withContext(error, { held });
    return calveErrorOf(this.#asNamed(error), this.#wording());
  }

  /** Names an option as the program does, where a rule of the command line names its flag. */
  #asNamed(error: unknown): unknown {
    if (!isFailure(error, 'usage') || !/^--[a-z-]+$/.test(error.facts.what)) return error;
    const { names = {} } = this.#call;
    const { what } = error.facts;
    return new TransferError(
      'usage',
      { ...error.facts, what: names[what] ?? camelCase(what) },
      { cause: error },
    );
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

function ownOptions(values: object): OwnOptions {
  const { signal, onEvent, credentials } = values as OwnOptions;
  // A test runner may have an AbortSignal class of its own.
  if (signal && typeof signal.addEventListener !== 'function') throw usage('signal', 'it is an AbortSignal');
  if (onEvent && typeof onEvent !== 'function') throw usage('onEvent', 'it is a function');
  return {
    ...(signal && { signal }),
    ...(onEvent && { onEvent }),
    ...(credentials && { credentials: checkedCredentials(credentials) }),
  };
}

/** The credentials are part of the settings of a target, which come from the group `service`. */
function withCredentials<O>(options: O, credentials: GivenCredentials | null): O {
  const { service } = options as { readonly service?: object };
  if (credentials === null || service === undefined) return options;
  return { ...options, service: { ...service, credentials } };
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
