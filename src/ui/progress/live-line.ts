/**
 * The one line of a terminal that moves: a cli-progress bar, an ora spinner, or nothing. Other lines go above it.
 * The cursor stays visible and line wrapping on: after kill -9 or Ctrl-Z there is nobody to put them back.
 */
import type { Options, SingleBar } from 'cli-progress';
import type { Ora } from 'ora';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';

const COLUMNS_UNKNOWN = 80;
const FRAMES_PER_SECOND = 5;
const CLEAR_LINE = '\r\x1b[2K';
const CLEAR_RIGHT = '\x1b[K';

export interface LiveLine {
  /** Draws the bar from `line(columns)` several times a second, until something else is shown. */
  showBar(): void;
  showSpinner(text: string): void;
  /** Prints a whole line above whatever is live. */
  printAbove(text: string): void;
  /** Nothing live is left; the cursor is at the start of an empty line. Idempotent. */
  clear(): void;
}

export interface LiveLineOptions {
  readonly stream: ErrorStream;
  readonly writer: GuardedWriter;
  /** The bar as it is now, for a terminal of so many columns. */
  readonly barLine: (columns: number) => string;
  /** Frames of the spinner, painted. */
  readonly frames: readonly string[];
}

const ignore = () => {};

/**
 * What cli-progress draws with, in place of its own terminal: that one turns line wrapping off, and writes a frame in
 * three pieces, between which the cursor can be seen to jump.
 */
function barTerminal({ stream, writer }: LiveLineOptions) {
  return {
    cursorSave: ignore,
    cursorRestore: ignore,
    cursor: ignore,
    cursorTo: ignore,
    lineWrapping: ignore,
    clearRight: ignore,
    newline: ignore,
    clearLine: () => writer.write(CLEAR_LINE),
    write: (frame: string) => writer.write(`\r${frame}${CLEAR_RIGHT}`),
    isTTY: () => true,
    getWidth: () => stream.columns || COLUMNS_UNKNOWN,
  };
}

/** Loads cli-progress and ora: only a run that draws pays for them. */
export async function createLiveLine(options: LiveLineOptions): Promise<LiveLine> {
  const [{ default: cliProgress }, { default: ora }] = await Promise.all([
    import('cli-progress'),
    import('ora'),
  ]);
  return new TerminalLine(options, makeBar(cliProgress.SingleBar, options), makeSpinner(ora, options));
}

function makeBar(Bar: typeof SingleBar, options: LiveLineOptions): SingleBar {
  const barOptions: Options & { terminal: ReturnType<typeof barTerminal> } = {
    terminal: barTerminal(options),
    format: (_options, params) => options.barLine(params.maxWidth),
    fps: FRAMES_PER_SECOND,
    clearOnComplete: true,
    // Redrawn although unchanged: a line that something else wrote over (a warning of Node's) comes back by itself.
    forceRedraw: true,
  };
  return new Bar(barOptions);
}

function makeSpinner(ora: typeof import('ora').default, { stream, frames }: LiveLineOptions): Ora {
  return ora({
    stream,
    isEnabled: true,
    color: false,
    spinner: { frames: [...frames], interval: 120 },
    hideCursor: false,
    // Standard input may be what is being uploaded, and Ctrl-C must stay a signal.
    discardStdin: false,
  });
}

class TerminalLine implements LiveLine {
  readonly #options: LiveLineOptions;
  readonly #bar: SingleBar;
  readonly #spinner: Ora;
  #shown: 'bar' | 'spinner' | null = null;

  constructor(options: LiveLineOptions, bar: SingleBar, spinner: Ora) {
    this.#options = options;
    this.#bar = bar;
    this.#spinner = spinner;
  }

  showBar(): void {
    this.#show('bar', () => this.#bar.start(1, 0));
  }

  showSpinner(text: string): void {
    this.#spinner.text = text;
    this.#show('spinner', () => this.#spinner.start());
  }

  #show(kind: 'bar' | 'spinner', start: () => void): void {
    const { isClosed } = this.#options.writer;
    if (this.#shown === kind && !isClosed) return;
    this.clear();
    // Timers that draw for nobody would keep the process busy, and alive.
    if (isClosed) return;
    this.#shown = kind;
    start();
  }

  printAbove(text: string): void {
    const shown = this.#shown;
    if (shown === 'bar') this.#options.writer.write(CLEAR_LINE);
    if (shown === 'spinner') this.#spinner.clear();
    this.#options.writer.write(`${text}\n`);
    if (shown === 'bar') this.#bar.render();
    if (shown === 'spinner') this.#spinner.render();
  }

  clear(): void {
    if (this.#shown === 'bar') this.#bar.stop();
    if (this.#shown === 'spinner') this.#spinner.stop();
    this.#shown = null;
  }
}
