// A till with member points: `tillwright run workflows/member-points.asl.json --config examples/member-points.config.mjs`.
// Codes to scan: 9100000000000010 (3000 points), 9100000000000028 (plenty), 9100000000000036 (none).
import { memberPoints, MembersClub } from '@tillwright/device-sim';

const club = new MembersClub({ file: '.tillwright/points.json' });

// The club is simulated, as the hosts of all other methods are: scenarios and simulations may use its points.
export default { simulated: true, plugins: (defaults) => [...defaults, memberPoints({ club })] };
