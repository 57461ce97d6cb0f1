//! What a login costs does not depend on how many users there are or how many members a group has.
//! The large form of this is `make groups`.

use crate::common::slapd::Slapd;
use crate::scale::{Cost, DEPTH, Gates, cost, options};
use crate::turns::Turns;

/// Binds as the service account, a search, the user's bind, and as the service account again.
const WITHOUT_GROUPS: usize = 4;

#[test]
fn a_login_costs_the_same_in_a_directory_of_any_size() {
    let rows = [
        (Gates::Flat(1), 1, 1),
        (Gates::Flat(20), 20, 1),
        (Gates::Nested(1), DEPTH, DEPTH),
        (Gates::Nested(20), DEPTH, DEPTH),
        (Gates::Everybody, 1, 1),
        (Gates::EverybodyNested, 1, 1),
    ];
    let costs = [10, 3_000].map(|users| {
        let server = Slapd::start(&options(users));
        let relay = Turns::start(server.port());
        rows.map(|(gates, _, _)| cost(&server, &relay, gates))
    });
    assert_eq!(costs[0], costs[1]);
    for (
        (gates, operations, turns),
        Cost {
            operations: all,
            traffic,
        },
    ) in rows.iter().zip(costs[0])
    {
        assert_eq!(all - WITHOUT_GROUPS, *operations, "{gates:?}");
        assert_eq!(traffic.turns - WITHOUT_GROUPS, *turns, "{gates:?}");
        assert!(traffic.received < 8 * 1024, "{gates:?}: {traffic:?}");
    }
}
