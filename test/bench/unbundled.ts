/** The program as its modules, for a profile that tells them apart: the built one is a few files (npm run bundle). */
import { main } from '../../src/cli/main.js';

await main('0.0.0');
