/** Programs of a service that a test starts: found in PATH, started, and ended by their process ids. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** Debian keeps some of these programs outside the PATH of people who are not root. */
const PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin`;

/** @returns why a service cannot run here, or false */
export function missingPrograms(programs: readonly string[], packages: string): string | false {
  const isThere = (program: string): boolean =>
    PATH.split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, program));
        return true;
      } catch {
        return false;
      }
    });
  const missing = programs.filter((program) => !isThere(program));
  return missing.length === 0 ? false : `${missing.join(', ')} is not here: apt-get install ${packages}`;
}

/** Programs that end with the tests, even where the tests are killed. */
export class Programs {
  readonly #home: string;
  readonly #children: ChildProcess[] = [];
  readonly #texts: string[] = [];
  #isEnding = false;

  constructor(home: string) {
    this.#home = home;
  }

  start(line: readonly string[]): ChildProcess {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...line], {
      env: { PATH, HOME: this.#home, PYTHONWARNINGS: 'ignore' },
      cwd: this.#home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#texts.push(text));
    }
    child.on('error', (error) => this.#texts.push(String(error)));
    this.#children.push(child);
    return child;
  }

  /** Starts a program again when it ends by itself, at most `times` times. */
  keep(line: readonly string[], times: number): void {
    this.start(line).on('exit', () => {
      if (!this.#isEnding && times > 0) this.keep(line, times - 1);
    });
  }

  /** Runs a program to its end. @throws Error with the output of the programs when it fails */
  async run(line: readonly string[]): Promise<void> {
    const [code] = await once(this.start(line), 'close');
    if (code !== 0) throw new Error(`${line[0]} ended with ${code}: ${this.printed()}`);
  }

  printed(): string {
    return this.#texts.join('').slice(-4000);
  }

  /** Waits until the output is closed too, which the forks of a program share with it. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    const closed = this.#children
      .filter(({ stdout }) => stdout?.closed === false)
      .map((child) => once(child, 'close'));
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(closed);
  }
}
