import { library } from '../../tsup.shared.js';

export default library(['src/index.ts', 'src/contract.ts', 'src/check.ts', 'src/testing.ts', 'src/node.ts']);
