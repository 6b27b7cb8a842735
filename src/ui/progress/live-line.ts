/**
 * The one line of a terminal that changes: a cli-progress bar, an ora spinner, or nothing. Other lines go above it.
 * It never hides the cursor or turns off line wrapping, because nothing would restore them after kill -9 or Ctrl-Z.
 */
import type { Options, SingleBar } from 'cli-progress';
import type { Ora } from 'ora';
import { barTerminal, type DrawnLine, drawnLine, spinnerStream } from './drawn-line.js';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';

const FRAMES_PER_SECOND = 5;

export interface LiveLine {
  /** Draws `barLine(columns)` several times a second, until something else is shown. */
  showBar(): void;
  showSpinner(text: string): void;
  /** Prints a whole line above the live line. */
  printAbove(text: string): void;
  /** Removes the live line; the cursor is then at the start of an empty line. Idempotent. */
  clear(): void;
}

export interface LiveLineOptions {
  readonly stream: ErrorStream;
  readonly writer: GuardedWriter;
  /** Returns the bar as it is now, for a terminal of that width. */
  readonly barLine: (columns: number) => string;
  /** Frames of the spinner, with their colours. */
  readonly frames: readonly string[];
}

/** Loads cli-progress and ora here, so that a run without a bar does not pay for them. */
export async function createLiveLine(options: LiveLineOptions): Promise<LiveLine> {
  const [{ default: cliProgress }, { default: ora }] = await Promise.all([
    import('cli-progress'),
    import('ora'),
  ]);
  const line = drawnLine(options.stream, options.writer);
  const bar = makeBar(cliProgress.SingleBar, options, line);
  return new TerminalLine(options.writer, line, bar, makeSpinner(ora, options.frames, line));
}

function makeBar(Bar: typeof SingleBar, options: LiveLineOptions, line: DrawnLine): SingleBar {
  const terminal = barTerminal(line);
  const barOptions: Options & { terminal: typeof terminal } = {
    terminal,
    format: (_options, params) => options.barLine(params.maxWidth),
    fps: FRAMES_PER_SECOND,
    clearOnComplete: true,
    // Redraws even an unchanged line, which brings it back after something else (a warning of Node.js) overwrote it.
    forceRedraw: true,
  };
  return new Bar(barOptions);
}

function makeSpinner(
  ora: typeof import('ora').default,
  frames: LiveLineOptions['frames'],
  line: DrawnLine,
): Ora {
  return ora({
    stream: spinnerStream(line),
    isEnabled: true,
    color: false,
    spinner: { frames: [...frames], interval: 120 },
    hideCursor: false,
    // Standard input may be the stream to upload, and Ctrl-C must stay a signal.
    discardStdin: false,
  });
}

class TerminalLine implements LiveLine {
  readonly #writer: GuardedWriter;
  readonly #line: DrawnLine;
  readonly #bar: SingleBar;
  readonly #spinner: Ora;
  #shown: 'bar' | 'spinner' | null = null;

  constructor(writer: GuardedWriter, line: DrawnLine, bar: SingleBar, spinner: Ora) {
    this.#writer = writer;
    this.#line = line;
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
    const { isClosed } = this.#writer;
    if (this.#shown === kind && !isClosed) return;
    this.clear();
    // On a closed stream the timers would only keep the process busy, and alive.
    if (isClosed) return;
    this.#shown = kind;
    start();
  }

  printAbove(text: string): void {
    const shown = this.#shown;
    if (shown !== null) this.#line.clear();
    this.#writer.write(`${text}\n`);
    if (shown === 'bar') this.#bar.render();
    if (shown === 'spinner') this.#spinner.render();
  }

  clear(): void {
    if (this.#shown === 'bar') this.#bar.stop();
    if (this.#shown === 'spinner') this.#spinner.stop();
    this.#shown = null;
  }
}
