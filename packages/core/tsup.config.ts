import { library } from '../../tsup.shared.js';

export default library(['src/index.ts', 'src/contract.ts', 'src/testing.ts', 'src/node.ts']);
