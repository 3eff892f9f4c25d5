//! How often guesses are right, by what speaks for them.

use super::guess::{Ground, LONGEST, Witnesses};

/// The longest match of each class: longer ones are right more often.
const CLASSES: [usize; 7] = [1, 2, 3, 5, 8, 16, LONGEST];

/// What is assumed before anything is known, for each class: more of long matches, but little of all.
const ASSUMED: [f64; 7] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];

/// As how many observations that counts.
const WEIGHT: f64 = 3.0;

/// What a new observation leaves of the weight of those before: some fifty count.
const FADING: f64 = 0.98;

#[derive(Debug, Clone, Copy)]
struct Class {
    right: f64,
    all: f64,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Odds {
    classes: [[Class; CLASSES.len()]; 3],
}

impl Default for Odds {
    fn default() -> Odds {
        let class = |right| Class { right: right * WEIGHT, all: WEIGHT };
        Odds { classes: [ASSUMED.map(class); 3] }
    }
}

impl Odds {
    /// The share of guesses on such ground that are right.
    pub(super) fn of(&self, ground: Ground) -> f64 {
        let (witnesses, length) = class(ground);
        let Class { right, all } = self.classes[witnesses][length];
        right / all
    }

    /// Notes whether a guess was right.
    pub(super) fn learn(&mut self, ground: Ground, right: bool) {
        let (witnesses, length) = class(ground);
        let class = &mut self.classes[witnesses][length];
        class.right = class.right * FADING + f64::from(u8::from(right));
        class.all = class.all * FADING + 1.0;
    }
}

fn class(ground: Ground) -> (usize, usize) {
    let witnesses = match ground.witnesses {
        Witnesses::One => 0,
        Witnesses::Agree => 1,
        Witnesses::Differ => 2,
    };
    let length = CLASSES.iter().position(|&longest| ground.matched <= longest);
    (witnesses, length.unwrap_or(CLASSES.len() - 1))
}
