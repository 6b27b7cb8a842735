/** Ends an upload half-way, with an exact number of parts on the service. */
import type { FrontHooks } from './front.js';
import type { Home } from './home.js';
import { isPart } from './requests.js';

interface Hooked extends Pick<Home, 'start'> {
  hook(hooks: FrontHooks): void;
}

/** Runs the program with one lane, and kills it when it would send one part more. */
export async function killAtPart(
  home: Hooked,
  words: readonly string[],
  partsDone: number,
  input?: Buffer,
): Promise<void> {
  let parts = 0;
  home.hook({
    before: (passing) => {
      if (!isPart(passing) || ++parts <= partsDone) return 'pass';
      running.child.kill('SIGKILL');
      return 'hold';
    },
  });
  const running = home.start([...words, '--concurrency', '1'], {}, input);
  const { signal, stderr } = await running.ended;
  home.hook({});
  if (signal !== 'SIGKILL') throw new Error(`calve ended by itself: ${stderr}`);
}
