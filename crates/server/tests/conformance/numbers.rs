//! Numbers that laptops lease.

use faltkarta_protocol::NumberBlock;
use uuid::Uuid;

use crate::ground::{Ground, with_valves};
use crate::harness::{Answer, Laptop};

fn lease(laptop: &Laptop, request: u128, series: &str, n: u64) -> Answer {
    let body = serde_json::json!({
        "protocol": 1, "request": Uuid::from_u128(request), "series": series, "n": n,
    });
    laptop.send("POST", "/numbers", &[], body.to_string().as_bytes())
}

pub(crate) fn no_two_laptops_get_the_same_number(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let (mut a, b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let numbers = |answer: Answer| {
        let block: NumberBlock = answer.json();
        block.first..block.first + u64::from(block.n)
    };
    // Valves are numbered to AV-2.
    assert_eq!(numbers(lease(&a, 1, "valve.nummer", 10)), 3..13);
    assert_eq!(numbers(lease(&b, 2, "valve.nummer", 5)), 13..18);
    // The answer was lost: the same block again.
    assert_eq!(numbers(lease(&a, 1, "valve.nummer", 10)), 3..13);
    // Somebody numbered by hand meanwhile.
    let valve = a.hand.create_valve(70, "AV-100");
    a.push(&[valve]);
    assert_eq!(numbers(lease(&a, 3, "valve.nummer", 1)), 101..102);
    assert_eq!(numbers(lease(&a, 4, "ventilmotionering", 2)), 1..3);
    assert_eq!(numbers(lease(&b, 5, "ventilmotionering", 2)), 3..5);
}

pub(crate) fn a_lease_that_may_not_be_is_refused(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (a, b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 3));
    let reader = Laptop::join_as(serving.address(), 2, store.as_ref(), ground.rim(), "reader");
    assert_eq!(lease(&a, 1, "valve.nummer", 5).status, 200);
    for (answer, status, code) in [
        (lease(&a, 1, "valve.nummer", 6), 400, "malformed"),
        (lease(&b, 1, "valve.nummer", 5), 400, "malformed"),
        (lease(&reader, 9, "valve.nummer", 5), 403, "unpermitted"),
        (lease(&a, 2, "parcel.block", 5), 403, "unpermitted"),
        (lease(&a, 2, "valve.nowhere", 5), 404, "not_found"),
        (lease(&a, 2, "nowhere.nummer", 5), 404, "not_found"),
        (lease(&a, 2, "nowhere", 5), 404, "not_found"),
        (lease(&a, 2, "valve.nummer", 0), 400, "malformed"),
        (lease(&a, 2, "valve.nummer", 1_001), 413, "too_large"),
        (lease(&a, 2, "valve.nummer", u64::MAX), 400, "malformed"),
        (a.send("POST", "/numbers", &[], b"{\"protocol\": 9}"), 426, "version_mismatch"),
        (a.send("POST", "/numbers", &[], b"[]"), 400, "malformed"),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
}
