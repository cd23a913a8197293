//! What is heard on the wire, beside laptop and store.

use std::io::Read as _;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::check::store;
use crate::sim::{Checked, Sim, broken};
use crate::truth::Outcome;
use crate::wire::{Answered, Sent};

/// The bytes of a body, taken out of gzip when they are in it.
fn plain(bytes: &[u8]) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut whole = vec![];
    // What cannot be unfolded is no message, and is told so by its reader.
    let _ = flate2::read::GzDecoder::new(bytes).read_to_end(&mut whole);
    whole
}

fn is_push(sent: &Sent) -> bool {
    sent.method == "POST" && sent.path.ends_with("/push")
}

/// An operation has one id and one content for ever, and a deed one set of operations.
pub(crate) fn sent(sim: &Sim, no: usize, sent: &Sent) -> Checked {
    if !is_push(sent) {
        return Ok(());
    }
    let Ok(body) = serde_json::from_slice::<Json>(&plain(&sent.body)) else { return Ok(()) };
    let mut truth = sim.truth.borrow_mut();
    for op in body["ops"].as_array().into_iter().flatten() {
        let Some(id) = uuid_of(&op["id"]) else { continue };
        let text = op.to_string();
        if let Some(known) = truth.on_wire.get(&id) {
            if *known != text {
                return broken(
                    "I2",
                    format!("operation {id} was sent with two contents by laptop {no}"),
                );
            }
        } else {
            truth.on_wire.insert(id, text);
        }
        if !truth.deed_of_op.contains_key(&id) {
            return broken("I2", format!("laptop {no} sends {id}, which nobody has done: {op}"));
        }
    }
    Ok(())
}

/// Outcomes as the store gave them, and as a laptop heard them.
pub(crate) fn answered(
    sim: &Sim,
    no: usize,
    sent: &Sent,
    answered: &Answered,
    is_heard: bool,
) -> Checked {
    if is_heard && answered.status == 200 && sent.path.contains("/rows?") {
        rows(sim, no, answered);
    }
    if !is_push(sent) || answered.status != 200 {
        if answered.status == 500 {
            sim.trace.say(|| format!("    {}", String::from_utf8_lossy(&answered.body)));
        }
        return Ok(());
    }
    let Ok(reply) = serde_json::from_slice::<Json>(&plain(&answered.body)) else {
        return broken("I1", "a push is answered by something that is no JSON");
    };
    // It took the push, so laptop and store follow the same history.
    let epoch: String = store(sim, |conn| {
        conn.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
    })?;
    let head = reply["head"]["seq"].as_u64().unwrap_or(0);
    let mut truth = sim.truth.borrow_mut();
    for outcome in reply["outcomes"].as_array().into_iter().flatten() {
        let Some(op) = uuid_of(&outcome["op"]) else { continue };
        if !truth.deed_of_op.contains_key(&op) {
            return broken("I2", format!("laptop {no} sent {op}, which nobody has done"));
        }
        let word = outcome["outcome"]["kind"].as_str().unwrap_or_default().to_owned();
        for conflict in outcome["outcome"]["conflicts"].as_array().into_iter().flatten() {
            truth.conflicts.extend(uuid_of(conflict).map(|it| (it, op)));
        }
        sim.trace.say(|| format!("    {op}: {}", outcome["outcome"]));
        let until_seq = outcome["seq"].as_u64().unwrap_or(head);
        let given = Outcome { word, until_seq, epoch: epoch.clone() };
        if is_heard {
            truth.heard.insert((no, op), given.clone());
        }
        truth.told.entry(op).or_default().push(given.clone());
        truth.answered.insert(op, given);
    }
    Ok(())
}

/// Rows that reach a laptop may be ahead of its cursor, up to here.
fn rows(sim: &Sim, no: usize, answered: &Answered) {
    let Ok(reply) = serde_json::from_slice::<Json>(&plain(&answered.body)) else { return };
    let at = reply["at"]["seq"].as_u64().unwrap_or(0);
    let mut truth = sim.truth.borrow_mut();
    let known = truth.rows_at.entry(no).or_default();
    *known = at.max(*known);
}

/// An id in JSON.
pub(crate) fn uuid_of(json: &Json) -> Option<Uuid> {
    json.as_str()?.parse().ok()
}
