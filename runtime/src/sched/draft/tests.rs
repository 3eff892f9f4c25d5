use super::guess::{LONGEST, Witnesses};
use super::*;
use crate::model::Model;

#[test]
fn the_longest_match_is_what_a_guess_goes_by() {
    use Witnesses::{Agree, Differ, One};
    let guess = |tokens: &[TokenId], written: &[TokenId]| {
        let guess = guess(tokens, written)?;
        Some((guess.token, guess.ground.matched, guess.ground.witnesses))
    };
    assert_eq!(guess(&[], &[]), None);
    assert_eq!(guess(&[1], &[]), None);
    assert_eq!(guess(&[1, 2, 3], &[]), None);
    assert_eq!(guess(&[1, 2, 1], &[]), Some((2, 1, One)));
    assert_eq!(guess(&[1, 2, 9, 1, 3, 1], &[]), Some((3, 1, Differ)), "the latest of equals");
    assert_eq!(guess(&[1, 2, 9, 1, 2, 7, 1], &[]), Some((2, 1, Agree)));
    assert_eq!(guess(&[5, 1, 2, 7, 1, 3, 5, 1], &[]), Some((2, 2, One)), "the longest before the latest");
    assert_eq!(guess(&[4, 4, 4, 4], &[]), Some((4, 3, One)), "matches may overlap");
    assert_eq!(guess(&[7, 8], &[7, 8, 9]), Some((9, 2, One)));
    assert_eq!(guess(&[6, 8, 5, 8], &[8, 9]), Some((5, 1, Differ)), "the own text before others");
    assert_eq!(guess(&[7, 8], &[7, 8, BORDER, 1]), None, "nothing follows the end of a value");
    let long: Vec<TokenId> = (0..3).flat_map(|_| 0..100).collect();
    assert_eq!(guess(&long, &[]), Some((0, LONGEST, Agree)));
}

/// How often a token is drafted, and how long a token takes, where a pass of one row takes 100 µs and each row more 40, and
/// guesses are right in some of the turns.
fn drafting(right: impl Fn(u32) -> bool) -> (u32, f64) {
    let model = crate::model::script::ScriptModel::random(0).unwrap();
    let info = ModelInfo { batches: true, ..model.info().clone() };
    let mut drafts = Drafts::new(&info, Draft::WherePays(8));
    let (mut drafted, mut all, mut us) = (0, 0, 0);
    for turn in 0..2000 {
        // The same ground each time.
        let guess = guess(&[1, 2, 1], &[]).unwrap();
        let mut gain = drafts.gain(Company { rows: 1, choices: 1, room: 8 });
        if gain.probable(&guess) {
            gain.add(&guess, 0);
        }
        let (is_right, len) = (right(turn), gain.best);
        let accepted = if is_right { len } else { 0 };
        let (rows, chosen) = (1 + len, 1 + accepted);
        let pass = 60 + 40 * rows as u64;
        let passed = Passed { rows, drafted: len, choosing: 1, chosen, accepted, us: pass };
        drafts.passed(passed);
        drafts.learn(guess, if is_right { guess.token } else { 99 });
        (drafted, all, us) = (drafted + len as u32, all + chosen as u64, us + pass);
    }
    (drafted, us as f64 / all as f64)
}

#[test]
fn what_is_right_is_drafted_and_what_is_wrong_is_not() {
    let (drafted, us) = drafting(|_| true);
    assert!(drafted > 1900 && us < 75.0, "{drafted}, {us}");
    let (drafted, us) = drafting(|_| false);
    assert!(drafted < 20 && us < 101.0, "{drafted}, {us}");
    // Right often enough to try, but too seldom to gain by it.
    let (_, us) = drafting(|turn| turn % 20 < 9);
    assert!(us < 102.0, "{us}");
    // Right at first, and then no more.
    let (_, us) = drafting(|turn| turn < 200);
    assert!(us < 100.0, "{us}");
}
