/** A shell at a terminal, into whose command line words are typed and completed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellLine } from '../../src/core/shell-quote.js';
import type { Cleanup } from './temp.js';

export type TypingShellName = 'bash' | 'zsh';

const PROMPT = 'ready> ';
/** Ctrl-X Ctrl-P, which every start-up file below binds to printing the line as it stands. */
const SHOW = '\u0018\u0010';
const CLEAR = '\u0015';
const TAB = '\t';
/** A bound for a shell that waits for something else. An answer that starts calve takes seconds on a busy machine. */
const SILENCE_MAX_MS = 60_000;

const START_UP: Readonly<Record<TypingShellName, string>> = {
  bash: `PS1='${PROMPT}'
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
bind -x '"\\C-x\\C-p": printf "<%s>\\n" "$READLINE_LINE"'
source <(calve completion bash)
`,
  zsh: `PS1='${PROMPT}'
setopt no_beep
unset zle_bracketed_paste
autoload -Uz compinit
compinit -u -D
show() { print -r -- "<$BUFFER>" }
zle -N show
bindkey '^X^P' show
source <(calve completion zsh)
`,
};

/** @returns why this shell can't be typed into, or false */
export function missingShell(shell: string): string | false {
  const { status } = spawnSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' });
  return status === 0 ? false : `${shell} is not installed`;
}

export interface TypingShell {
  /** The command line after these words and a tab, and what was shown meanwhile. */
  complete(typed: string): Promise<{ readonly line: string; readonly shown: string }>;
}

/** Ended with the test. @param env where `calve` is found by PATH */
export async function startTypingShell(
  t: Cleanup,
  shell: TypingShellName,
  { folder, env }: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): Promise<TypingShell> {
  const home = join(folder, `home-of-${shell}`);
  mkdirSync(home);
  writeFileSync(join(home, shell === 'bash' ? 'rc' : '.zshrc'), START_UP[shell]);
  const words =
    shell === 'bash' ? ['bash', '--noprofile', '--rcfile', join(home, 'rc'), '-i'] : ['zsh', '-d', '-i'];
  const child = spawn('script', ['-qec', `stty columns 200 rows 50; exec ${shellLine(words)}`, '/dev/null'], {
    cwd: folder,
    env: { ...env, TERM: 'xterm', ZDOTDIR: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const terminal = openTerminal(child);
  t.after(() => terminal.end());
  await terminal.wait(PROMPT);
  return {
    async complete(typed) {
      const { shown, found } = await terminal.send(`${typed}${TAB}${SHOW}`, /<(calve [^\r\n]*)>\r?\n/);
      await terminal.send(CLEAR + SHOW, /<>\r?\n/);
      return { line: found, shown };
    },
  };
}

function openTerminal(child: ChildProcess) {
  let text = '';
  let wake: () => void = () => undefined;
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    wake();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const until = async (wanted: RegExp): Promise<{ shown: string; found: string }> => {
    for (;;) {
      const match = wanted.exec(text);
      if (match !== null) {
        const shown = text;
        text = '';
        return { shown, found: match[1] ?? '' };
      }
      if (child.exitCode !== null) throw new Error(`the shell ended: ${text}`);
      const isLate = await new Promise<boolean>((resolve) => {
        wake = () => resolve(false);
        setTimeout(resolve, SILENCE_MAX_MS, true).unref();
      });
      if (isLate) throw new Error(`the shell is silent, and has not shown ${wanted}: ${text}`);
    }
  };
  return {
    wait: (words: string) => until(new RegExp(words)),
    send(keys: string, wanted: RegExp) {
      child.stdin?.write(keys);
      return until(wanted);
    },
    async end(): Promise<void> {
      // Its terminal goes with it, which ends the shell.
      child.kill('SIGKILL');
      await ended;
    },
  };
}
