//! What every geodata store does alike, told over the wire. A backend joins with a [`ground::Backend`] and one line
//! at the end of this file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

#[path = "../cluster/mod.rs"]
mod cluster;
mod disputes;
mod exchange;
mod ground;
#[path = "../harness/mod.rs"]
mod harness;
mod holding;
mod refusals;

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
            }
            holding {
                what_comes_before_its_parent_is_parked_and_applied_when_the_parent_comes
                an_operation_that_may_not_be_merged_is_kept_whole
                a_malformed_operation_does_not_spoil_its_neighbours
            }
            refusals {
                another_history_a_copied_laptop_and_a_rolled_back_store_are_told_apart
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
