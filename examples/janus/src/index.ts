// The page that leads to the others.

import '../../call/src/style/base.css';
import './style/janus.css';
