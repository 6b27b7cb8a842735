/**
 * The one line of a terminal that changes: a cli-progress bar, an ora spinner, or nothing. Other lines go above it.
 * It never hides the cursor or turns off line wrapping, because nothing would restore them after kill -9 or Ctrl-Z.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Options, SingleBar } from 'cli-progress';
import type { Ora } from 'ora';
import { textWidth } from '../text/text-width.js';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';

const COLUMNS_UNKNOWN = 80;
const FRAMES_PER_SECOND = 5;
const CLEAR_LINE = '\r\x1b[2K';
const CLEAR_RIGHT = '\x1b[K';

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

const ignore = () => {};

/**
 * Replaces the terminal of cli-progress, which turns line wrapping off, and writes each frame in three pieces, between
 * which the cursor visibly jumps.
 */
function barTerminal({ stream, writer }: LiveLineOptions) {
  const columns = () => stream.columns || COLUMNS_UNKNOWN;
  let shownWidth = 0;
  // A window that was made narrower has wrapped the line to several rows.
  const toFirstRow = () => {
    const rows = Math.ceil(shownWidth / columns());
    shownWidth = 0;
    return rows <= 1 ? '' : `\r\x1b[${rows - 1}A\x1b[J`;
  };
  return {
    cursorSave: ignore,
    cursorRestore: ignore,
    cursor: ignore,
    cursorTo: ignore,
    lineWrapping: ignore,
    clearRight: ignore,
    newline: ignore,
    clearLine: () => writer.write(toFirstRow() + CLEAR_LINE),
    write(frame: string) {
      writer.write(`${toFirstRow()}\r${frame}${CLEAR_RIGHT}`);
      shownWidth = textWidth(stripVTControlCharacters(frame));
    },
    isTTY: () => true,
    getWidth: columns,
  };
}

/** Loads cli-progress and ora here, so that a run without a bar does not pay for them. */
export async function createLiveLine(options: LiveLineOptions): Promise<LiveLine> {
  const [{ default: cliProgress }, { default: ora }] = await Promise.all([
    import('cli-progress'),
    import('ora'),
  ]);
  return new TerminalLine(options, cliProgress.SingleBar, makeSpinner(ora, options));
}

function makeBar(
  Bar: typeof SingleBar,
  options: LiveLineOptions,
  terminal: ReturnType<typeof barTerminal>,
): SingleBar {
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

function makeSpinner(ora: typeof import('ora').default, { stream, frames }: LiveLineOptions): Ora {
  return ora({
    stream,
    isEnabled: true,
    color: false,
    spinner: { frames: [...frames], interval: 120 },
    hideCursor: false,
    // Standard input may be the stream to upload, and Ctrl-C must stay a signal.
    discardStdin: false,
  });
}

class TerminalLine implements LiveLine {
  readonly #options: LiveLineOptions;
  readonly #terminal: ReturnType<typeof barTerminal>;
  readonly #bar: SingleBar;
  readonly #spinner: Ora;
  #shown: 'bar' | 'spinner' | null = null;

  constructor(options: LiveLineOptions, Bar: typeof SingleBar, spinner: Ora) {
    this.#options = options;
    this.#terminal = barTerminal(options);
    this.#bar = makeBar(Bar, options, this.#terminal);
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
    // On a closed stream the timers would only keep the process busy, and alive.
    if (isClosed) return;
    this.#shown = kind;
    start();
  }

  printAbove(text: string): void {
    const shown = this.#shown;
    if (shown === 'bar') this.#terminal.clearLine();
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
