//! What every geodata store does alike, told over the wire. A backend joins with a [`ground::Backend`] and one line
//! at the end of this file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod bad_input;
#[path = "../cluster/mod.rs"]
mod cluster;
mod deciding;
mod disputes;
mod edits;
mod exchange;
mod features;
mod ground;
#[path = "../harness/mod.rs"]
mod harness;
mod holding;
mod numbers;
mod refusals;
mod schema;

/// One test for each case that is named, on the ground that an expression makes.
macro_rules! tests {
    ($ground:expr; $($room:ident { $($case:ident)* })*) => {
        $($(
            #[test]
            fn $case() {
                crate::$room::$case(&$ground);
            }
        )*)*
    };
}

/// Every case there is, on the ground that an expression makes.
macro_rules! conformance {
    ($ground:expr) => {
        tests! { $ground;
            exchange {
                an_edit_travels_from_one_laptop_to_another
                the_same_push_twice_has_one_effect_and_the_same_answer
                a_push_whose_answer_is_lost_and_that_is_repeated_has_one_effect
                a_server_that_is_killed_loses_nothing_that_it_acknowledged
                pages_follow_each_other_without_a_hole_and_do_not_cut_a_group
                an_operation_from_the_wire_is_kept_under_its_own_id
                the_inspections_of_a_form_are_given_out_with_a_column_for_each_answer
                the_coordinator_sees_how_things_stand_on_a_laptop_as_it_last_said
            }
            disputes {
                two_edits_of_one_field_become_a_conflict_that_a_person_closes
                a_deleted_parent_keeps_its_child_and_asks
                one_clash_in_an_atomic_group_holds_all_of_it_back
                an_open_conflict_travels_with_its_feature_and_tells_who_wants_what
                a_conflict_without_a_changed_row_makes_an_entry_too
                a_conflict_shows_what_the_store_holds_after_a_third_hand
                a_candidate_that_its_author_takes_back_is_no_conflict_any_more
                a_resolution_that_meets_a_moved_value_conflicts_itself
                nobody_decides_about_candidates_that_he_has_not_seen
                an_edit_of_a_deleted_valve_waits_and_a_restore_brings_both_back
                a_second_valve_with_a_number_stands_and_both_are_named
            }
            deciding {
                the_coordinator_decides_between_two_values_and_laptops_hear_of_it
                the_coordinator_decides_whether_a_valve_is_there
                the_coordinator_brings_the_deleted_parent_of_an_inspection_back
                the_coordinator_lets_a_group_in_operation_by_operation
                the_coordinator_lets_quarantined_operations_in
                what_cannot_be_read_cannot_be_let_in_and_stays
                rights_are_asked_for_at_arrival_and_not_when_the_wait_is_over
            }
            schema {
                every_revision_is_kept_and_each_page_names_the_one_in_force
                an_edit_of_an_older_revision_is_translated
                an_edit_of_a_newer_revision_waits_until_the_store_knows_it
                a_push_of_another_version_is_kept_and_taken_in_by_a_program_that_knows_it
            }
            numbers {
                no_two_laptops_get_the_same_number
                a_lease_that_may_not_be_is_refused
            }
            bad_input {
                a_bent_operation_is_kept_and_its_neighbours_are_judged
                an_operation_on_the_feature_of_another_dataset_is_kept
                a_push_that_is_no_push_is_refused_and_changes_nothing
                bytes_that_were_changed_on_the_way_never_break_the_store
                operations_out_of_order_come_to_the_same
                a_clock_that_is_years_off_decides_nothing
                a_laptop_of_another_time_is_answered_with_a_code
                values_that_no_rule_knows_are_taken
            }
            holding {
                what_comes_before_its_parent_is_parked_and_applied_when_the_parent_comes
                an_operation_that_may_not_be_merged_is_kept_whole
                a_malformed_operation_does_not_spoil_its_neighbours
            }
            features {
                what_is_open_is_read_by_everybody_and_the_rest_by_those_who_may
                pages_neither_skip_nor_repeat_while_somebody_writes
                features_are_found_by_place_by_value_and_by_filter
                each_reference_system_has_its_own_order_of_ordinates
                addresses_that_mean_nothing_are_refused_with_stable_codes
                people_get_pages_in_swedish_that_run_nothing
            }
            edits {
                a_feature_is_made_replaced_patched_and_taken_away_over_http
                of_two_replacements_at_once_exactly_one_wins
                what_cannot_be_taken_is_named_and_changes_nothing
                an_edit_of_a_dataset_that_is_decided_about_waits_for_the_coordinator
                a_valve_is_taken_away_and_its_inspections_stay
                a_value_of_another_type_is_shown_as_null_and_stays_stored
            }
            refusals {
                another_history_a_copied_laptop_and_a_rolled_back_store_are_told_apart
                what_a_laptop_has_heard_of_and_the_store_lacks_ends_its_history
                requests_that_may_not_be_are_refused_with_stable_codes
                a_code_enrols_once_with_its_role_and_not_after_its_hour
            }
        }
    };
}

mod sqlite {
    conformance!(crate::ground::Ground::new(crate::ground::InAFolder));
}

mod postgres {
    conformance!(match crate::ground::InPostgres::new() {
        Some(backend) => crate::ground::Ground::new(backend),
        // Said aloud: the packages are missing.
        None => return,
    });
}
