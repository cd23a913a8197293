//! A few histories in every test run; `make sim` plays two thousand and looks for each seeded bug.

use faltkarta_sim::plan::Plan;
use faltkarta_sim::runner::history;
use faltkarta_sim::template::Template;

#[test]
fn a_seed_plays_the_same_history_twice_and_nothing_in_it_is_lost() {
    let template = Template::new("histories").expect("a town to begin in");
    for seed in 0..6 {
        let once = history(seed, Plan::of_seed(seed), &template).expect("a history");
        assert_eq!(once.violation, None, "seed {seed}; replay: make sim SEED={seed}");
        let again = history(seed, Plan::of_seed(seed), &template).expect("a history");
        assert_eq!(once.digest, again.digest, "seed {seed}");
        assert!(once.n_deeds > 10, "seed {seed}");
    }
}
