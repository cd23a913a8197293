//! Requests that are refused, each with its code.

use faltkarta_server::{Rim as _, Role};

use crate::ground::{Ground, close, with_valves};
use crate::harness::{Answer, Hand, Laptop, join_body, kinds, send};

pub(crate) fn another_history_a_copied_laptop_and_a_rolled_back_store_are_told_apart(
    ground: &Ground,
) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let first = close(&mut laptop.hand, "v1");
    let stale = laptop.lineage.clone();
    laptop.push(&[first]);
    let next = close(&mut laptop.hand, "v2");
    let current = std::mem::replace(&mut laptop.lineage, stale);
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "stale_lineage");
    laptop.lineage = current;
    let epoch = std::mem::replace(&mut laptop.joined.epoch, "elsewhere".to_owned());
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "wrong_epoch");
    laptop.joined.epoch.clone_from(&epoch);
    laptop.witness = serde_json::json!({"seq": 900, "chain": "00"});
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "witness_mismatch");
    assert_ne!(store.head().unwrap().epoch, epoch);
    laptop.pull_from_old_epoch(&epoch);
    // The operation comes again on the new history, under its own id.
    laptop.joined.epoch = store.head().unwrap().epoch;
    laptop.witness = serde_json::json!({"seq": 0, "chain": ""});
    assert_eq!(kinds(&laptop.push(&[next])), ["applied"]);
    store.verify_feed().unwrap();
}

pub(crate) fn what_a_laptop_has_heard_of_and_the_store_lacks_ends_its_history(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    for question in ["/changes?cursor=", "/rows?dataset=valve"] {
        let ask = |seen: &str| {
            let answer = laptop.send("GET", &format!("{question}&seen={seen}"), &[], &[]);
            (answer.status, if answer.status == 200 { String::new() } else { answer.code() })
        };
        let head = store.head().unwrap();
        assert_eq!(ask(""), (200, String::new()));
        assert_eq!(ask(&format!("{}.{}.{}", head.epoch, head.seq, head.chain)).0, 200);
        assert_eq!(ask("seven"), (400, "malformed".to_owned()));
        assert_eq!(ask("elsewhere.1.00"), (410, "resync".to_owned()));
        assert_eq!(store.head().unwrap().epoch, head.epoch, "another history proves nothing");
        assert_eq!(ask(&format!("{}.900.00", head.epoch)), (410, "resync".to_owned()));
        assert_ne!(store.head().unwrap().epoch, head.epoch, "the store was put back");
    }
    store.verify_feed().unwrap();
}

pub(crate) fn requests_that_may_not_be_are_refused_with_stable_codes(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    let at = serving.address();
    let refusal = |status: u16, code: &str, answer: Answer| {
        assert_eq!((answer.status, answer.code()), (status, code.to_owned()));
        assert!(answer.json::<serde_json::Value>()["data_safe"].as_bool().unwrap());
    };
    refusal(401, "signed_out", send(at, "GET", "/sync/v1/main/changes", &[], &[]));
    let wrong = [("Authorization", "Bearer 00")];
    refusal(401, "signed_out", send(at, "GET", "/sync/v1/main/changes", &wrong, &[]));
    let bearer = laptop.bearer();
    let mine = [("Authorization", bearer.as_str())];
    refusal(404, "unknown_workspace", send(at, "GET", "/sync/v1/other/changes", &mine, &[]));
    refusal(404, "not_found", send(at, "GET", "/nowhere", &[], &[]));
    refusal(400, "malformed", laptop.send("POST", "/push", &[], b"{"));
    refusal(400, "malformed", laptop.send("GET", "/changes?cursor=x", &[], &[]));
    refusal(413, "too_large", laptop.send("POST", "/push", &[], &vec![b' '; 9 * 1024 * 1024]));
    let mut hand = Hand::new(1);
    let many: Vec<_> = (0..201).map(|it| hand.create_valve(1_000 + it, "x")).collect();
    refusal(413, "too_large", laptop.try_push(&many));
    let newer = br#"{"protocol": 2, "words": ["of", "tomorrow"]}"#;
    refusal(426, "version_mismatch", laptop.send("POST", "/push", &[], newer));
    let proxied = [("X-Forwarded-For", "203.0.113.9")];
    let body = join_body(None, Hand::new(9).replica);
    refusal(403, "enrol_code_needed", send(at, "POST", "/sync/v1/join", &proxied, &body));
    store.revoke_device(store.devices().unwrap()[0].id).unwrap();
    refusal(401, "signed_out", laptop.send("GET", "/changes", &[], &[]));
    let health = send(at, "GET", "/health", &[], &[]);
    assert_eq!(health.json::<serde_json::Value>()["status"], "ok");
    let page = send(at, "GET", "/", &[], &[]);
    assert!(String::from_utf8(page.body).unwrap().contains("geodatalager"));
}

pub(crate) fn a_code_enrols_once_with_its_role_and_not_after_its_hour(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let until = faltkarta_model::Timestamp::from_unix_ms(ground.rim().now().unix_ms() + 60_000);
    let rim = ground.rim();
    let code = store.create_enrol_code("reader".parse::<Role>().unwrap(), until, rim).unwrap();
    let join = |code: &str| {
        let body = join_body(Some(code), Hand::new(9).replica);
        send(serving.address(), "POST", "/sync/v1/join", &[], &body)
    };
    assert_eq!(join("AAAAA-AAAAA").code(), "enrol_code_unknown");
    let joined: faltkarta_protocol::JoinReply = join(&code.to_lowercase()).json();
    assert_eq!(joined.role, "reader");
    assert_eq!(join(&code).code(), "enrol_code_unknown");
    // A reader is sent nothing protected.
    let bearer = format!("Bearer {}", joined.token);
    let headers = [("Authorization", bearer.as_str())];
    let answer = send(serving.address(), "GET", "/sync/v1/main/changes", &headers, &[]);
    let page: faltkarta_protocol::PullReply = answer.json();
    assert!(page.entries.is_empty() && page.up_to_date && page.at.seq == 2);
    let late = store.create_enrol_code(Role::COORDINATOR, until, rim).unwrap();
    ground.rim().wait(61_000);
    assert_eq!(join(&late).code(), "enrol_code_unknown");
}

trait PullFrom {
    fn pull_from_old_epoch(&self, epoch: &str);
}

impl PullFrom for Laptop {
    fn pull_from_old_epoch(&self, epoch: &str) {
        let answer = self.send("GET", &format!("/changes?cursor={epoch}.1.00.1"), &[], &[]);
        assert_eq!((answer.status, answer.code().as_str()), (410, "resync"));
    }
}
