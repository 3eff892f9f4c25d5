//! The sampler against its definitions.

use super::*;

/// A vocabulary of one-byte tokens, of which all are allowed.
fn all(n: u8) -> (Vocab, TokenSet) {
    let tokens: Vec<Option<Vec<u8>>> = (0..n).map(|byte| Some(vec![byte])).collect();
    let vocab = Vocab::new(&tokens, &[]).expect("a vocabulary");
    let spec = agentc_constraint::spec::Spec::Regex { pattern: "(?s-u:[\\x00-\\x7f])+".into() };
    let limits = agentc_constraint::Limits::default();
    let pattern = agentc_constraint::build(&spec, &[], &limits).expect("a pattern");
    let shared = std::sync::Arc::new(vocab);
    let constraint = agentc_constraint::Constraint::new(pattern, shared, limits);
    let mask =
        agentc_constraint::Matcher::new(&constraint, b"", 100).expect("a matcher").mask().expect("a mask");
    (Vocab::new(&tokens, &[]).expect("a vocabulary"), (*mask).clone())
}

#[test]
fn exponentials_are_right_to_five_digits() {
    for step in 0..20_000 {
        let x = -(step as f32) * 0.004;
        let (ours, exact) = (f64::from(exp_of_negative(x)), f64::from(x).exp());
        assert!((ours - exact).abs() <= exact * 1e-5, "{x}: {ours} {exact}");
    }
    assert_eq!(exp_of_negative(f32::NEG_INFINITY), 0.0);
}

#[test]
fn the_best_is_the_first_of_the_largest() {
    let mut stream = Stream::new(5, &[]);
    for round in 0..500 {
        // Few different numbers, so that many are equal; some are none, some are impossible.
        let number = |at: u64| [f32::NEG_INFINITY, f32::NAN, -1.0, 0.0, 2.5, 7.0][at as usize % 6];
        let logits: Vec<f32> = (0..round % 300).map(|_| number(stream.next() % (2 + round % 5))).collect();
        let mut expected: Option<(usize, f32)> = None;
        for (at, &x) in logits.iter().enumerate() {
            if !x.is_nan() && expected.is_none_or(|(_, best)| x > best) {
                expected = Some((at, x));
            }
        }
        assert_eq!(argmax(&logits), expected.map(|(at, _)| at as TokenId), "{logits:?}");
    }
}

/// More tokens than are looked at together; every third is forbidden, and of the last ones nearly all.
fn many() -> (Vocab, TokenSet) {
    let tokens: Vec<Option<Vec<u8>>> = (0..2_000).map(|n| Some(format!("{n:04}").into_bytes())).collect();
    let pattern = "[0-9][0-9][0-9][013467]|1990".to_owned();
    let limits = agentc_constraint::Limits::default();
    let spec = agentc_constraint::spec::Spec::Regex { pattern };
    let pattern = agentc_constraint::build(&spec, &[], &limits).expect("a pattern");
    let shared = std::sync::Arc::new(Vocab::new(&tokens, &[]).expect("a vocabulary"));
    let constraint = agentc_constraint::Constraint::new(pattern, shared, limits);
    let mut matcher = agentc_constraint::Matcher::new(&constraint, b"", 100).expect("a matcher");
    let mask = (*matcher.mask().expect("a mask")).clone();
    (Vocab::new(&tokens, &[]).expect("a vocabulary"), mask)
}

/// Of many tokens, with equal logits and with some that are no numbers: the best, the best few, and the nucleus are those
/// that sorting them all finds.
#[test]
fn many_tokens_are_sorted_as_few_are() {
    let (vocab, mask) = many();
    let mut stream = Stream::new(17, &[]);
    for round in 0..60u32 {
        let number = |unit: f64| if unit < 0.01 { f32::NAN } else { (unit * 40.0).round() as f32 / 4.0 };
        let logits: Vec<f32> = (0..2_000).map(|_| number(stream.unit())).collect();
        let key = |id: TokenId| logit(&logits, id).expect("a logit");
        let mut order: Vec<TokenId> = mask.iter(&vocab).collect();
        order.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
        assert_eq!(greedy(&logits, &mask, &vocab), order.first().copied());
        assert_eq!(best_of_many(&logits, &mask, &vocab), order.first().copied());

        let k = [1, 2, 7, 40, 900][round as usize % 5];
        let mut candidates = Candidates::new(&logits, &mask, &vocab);
        candidates.keep_best(k);
        assert_eq!(candidates.ids, order[..k]);

        let mut candidates = Candidates::new(&logits, &mask, &vocab);
        candidates.weigh(0.3 + f64::from(round) / 20.0);
        let weights: Vec<f64> = order.iter().map(|id| weight_of(&candidates, *id)).collect();
        let (share, total) = (0.05 + 0.9 * stream.unit(), weights.iter().sum::<f64>());
        candidates.keep_nucleus(share);
        let len = candidates.ids.len();
        assert_eq!(candidates.ids, order[..len]);
        let sum = |len: usize| weights[..len].iter().sum::<f64>() / total;
        assert!(sum(len) >= share - 1e-9 && sum(len - 1) < share + 1e-9, "{len} tokens for {share}");
    }
}

fn weight_of(candidates: &Candidates, id: TokenId) -> f64 {
    let at = candidates.ids.iter().position(|&other| other == id).expect("a candidate");
    f64::from(candidates.weights[at])
}

#[test]
fn sums_in_lanes_and_blocks_are_sums() {
    let mut stream = Stream::new(2, &[]);
    for len in 0..200 {
        let numbers: Vec<f32> = (0..len).map(|_| stream.unit() as f32).collect();
        let plain = |floor: f32| numbers.iter().filter(|x| **x >= floor).map(|&x| f64::from(x)).sum::<f64>();
        assert!((sum(&numbers) - plain(0.0)).abs() < 1e-9);
        assert!((sum_from(&numbers, 0.5) - plain(0.5)).abs() < 1e-9);
    }
}

#[test]
fn draws_follow_the_probabilities() {
    let (vocab, mask) = all(8);
    let logits: Vec<f32> = (0..8).map(|n| n as f32 * 0.5).collect();
    let sampling = Sampling { temp: 0.8, ..Sampling::default() };
    let mut counts = [0u32; 8];
    let mut stream = Stream::new(1, &[2]);
    for _ in 0..40_000 {
        counts[choose(&logits, &mask, &vocab, &sampling, &[], &mut stream).expect("a token") as usize] += 1;
    }
    let weights: Vec<f64> = logits.iter().map(|x| (f64::from(*x) / 0.8).exp()).collect();
    let total: f64 = weights.iter().sum();
    for (count, weight) in counts.iter().zip(&weights) {
        let (seen, expected) = (f64::from(*count) / 40_000.0, weight / total);
        assert!((seen - expected).abs() < 0.012, "{seen} {expected}");
    }
}

/// Against the definition: sort, add up, cut.
#[test]
fn cuts_agree_with_their_definition() {
    let (vocab, mask) = all(100);
    let mut stream = Stream::new(3, &[]);
    for round in 0..300 {
        let logits: Vec<f32> = (0..100).map(|_| (stream.unit() * 12.0) as f32).collect();
        let (k, p, floor) = (round % 7 * 5, 0.2 + stream.unit() * 0.8, (round % 3) as f64 * 0.02);
        let sampling = Sampling {
            temp: 0.5 + stream.unit(),
            top_p: p,
            top_k: k as u32,
            min_p: floor,
            ..Sampling::default()
        };
        let allowed = kept(&logits, &sampling);
        for _ in 0..20 {
            let token = choose(&logits, &mask, &vocab, &sampling, &[], &mut stream).expect("a token");
            assert!(allowed.contains(&token), "{token} of {sampling:?}");
        }
    }
}

fn kept(logits: &[f32], sampling: &Sampling) -> Vec<TokenId> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    if sampling.top_k > 0 {
        order.truncate(sampling.top_k as usize);
    }
    let weight = |id: usize| (f64::from(logits[id] - logits[order[0]]) / sampling.temp).exp();
    let likely: Vec<usize> =
        order.iter().copied().filter(|&id| weight(id) >= sampling.min_p * 0.9999).collect();
    let total: f64 = likely.iter().map(|&id| weight(id)).sum();
    let mut sum = 0.0;
    let mut out = Vec::new();
    for id in likely {
        out.push(id as TokenId);
        sum += weight(id);
        if sum >= sampling.top_p * total * 1.0001 {
            break;
        }
    }
    out
}

#[test]
fn greedy_takes_the_best_allowed_and_of_equals_the_first() {
    let (vocab, mask) = all(40);
    let mut logits = vec![0.0; 40];
    (logits[7], logits[20], logits[30]) = (3.0, 3.0, f32::NAN);
    let mut stream = Stream::new(0, &[]);
    assert_eq!(choose(&logits, &mask, &vocab, &Sampling::default(), &[], &mut stream), Some(7));
}

#[test]
fn streams_are_their_own() {
    let draw = |seed, path: &[u64]| Stream::new(seed, path).next();
    assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
    assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
    assert_ne!(draw(1, &[2]), draw(2, &[2]));
}

/// A naive model of what has been written: as the words of the options say it, token by token.
fn naive(logits: &[f32], sampling: &Sampling, written: &[TokenId]) -> Vec<Option<f64>> {
    let count = |token: usize| written.iter().filter(|&&other| other as usize == token).count();
    let size = sampling.no_repeat as usize;
    let repeats = |token: usize| {
        let row: Vec<TokenId> = written.iter().copied().chain([token as TokenId]).collect();
        let last = row.len().checked_sub(size).map(|from| &row[from..]);
        size > 0 && last.is_some_and(|last| written.windows(size).any(|window| window == last))
    };
    let one = |(token, &logit): (usize, &f32)| {
        let mut x = f64::from(logit);
        if count(token) > 0 {
            x = if x > 0.0 { x / sampling.repeat_penalty } else { x * sampling.repeat_penalty };
            x -= sampling.presence_penalty;
        }
        x -= count(token) as f64 * sampling.frequency_penalty;
        (!repeats(token)).then_some(x)
    };
    logits.iter().enumerate().map(one).collect()
}

#[test]
fn penalties_agree_with_a_naive_model() {
    let (vocab, mask) = all(12);
    let mut stream = Stream::new(5, &[]);
    let (mut none, mut changed) = (0, 0);
    for round in 0..2000u32 {
        let logits: Vec<f32> = (0..12).map(|_| (stream.unit() * 8.0 - 4.0) as f32).collect();
        let len = stream.next() % 20;
        let written: Vec<TokenId> = (0..len).map(|_| (stream.next() % 12) as TokenId).collect();
        let sampling = Sampling {
            repeat_penalty: [1.0, 1.3, 0.8][round as usize % 3],
            frequency_penalty: [0.0, 0.4, -0.4][round as usize / 3 % 3],
            presence_penalty: [0.0, 1.5][round as usize / 9 % 2],
            no_repeat: round / 18 % 4,
            ..Sampling::default()
        };
        let expected = naive(&logits, &sampling, &written);
        let best = expected.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let greedy = choose(&logits, &mask, &vocab, &sampling, &written, &mut stream);
        match greedy {
            None => {
                assert!(expected.iter().all(Option::is_none), "{written:?} {sampling:?}");
                none += 1;
            }
            Some(token) => {
                let chosen = expected[token as usize].expect("a token that repeats nothing");
                assert!((chosen - best).abs() < 1e-5, "{chosen} of {best}: {sampling:?}");
                changed += u32::from(greedy != argmax(&logits));
            }
        }
        let drawn = Sampling { temp: 0.7, top_k: 3, ..sampling.clone() };
        if let Some(token) = choose(&logits, &mask, &vocab, &drawn, &written, &mut stream) {
            let chosen = expected[token as usize].expect("a token that repeats nothing");
            let better = expected.iter().flatten().filter(|x| **x > chosen + 1e-5).count();
            assert!(better < 3, "{better} tokens are better");
        }
    }
    assert!(none > 0 && changed > 300, "{none} {changed}");
}

/// Against the definition in terms of probabilities, with logarithms.
#[test]
fn typical_tokens_agree_with_their_definition() {
    let (vocab, mask) = all(50);
    let mut stream = Stream::new(9, &[]);
    for round in 0..200 {
        let logits: Vec<f32> = (0..50).map(|_| (stream.unit() * 9.0) as f32).collect();
        let sampling = Sampling {
            temp: 0.4 + stream.unit(),
            typical: [0.05, 0.5, 0.9, 0.0][round % 4],
            ..Sampling::default()
        };
        let weights: Vec<f64> = logits.iter().map(|x| (f64::from(*x) / sampling.temp).exp()).collect();
        let total: f64 = weights.iter().sum();
        let information: Vec<f64> = weights.iter().map(|weight| -(weight / total).ln()).collect();
        let entropy: f64 = weights.iter().zip(&information).map(|(weight, bits)| weight / total * bits).sum();
        let mut order: Vec<usize> = (0..50).collect();
        let far = |id: usize| (information[id] - entropy).abs();
        order.sort_by(|&a, &b| far(a).total_cmp(&far(b)));
        let mut sum = 0.0;
        let enough = order.iter().position(|&id| {
            sum += weights[id] / total;
            sum >= sampling.typical * 1.0001
        });
        let kept = &order[..=enough.unwrap_or(49)];
        for _ in 0..20 {
            let token = choose(&logits, &mask, &vocab, &sampling, &[], &mut stream).expect("a token");
            assert!(kept.contains(&(token as usize)), "{token} of {kept:?}");
        }
    }
}
