// The page: people, what they can do, and what is shown of it.

import { App } from './app.ts';

new App();
