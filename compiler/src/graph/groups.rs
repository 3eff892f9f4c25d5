//! The strongly connected components of a graph: of functions that call one another, of types that contain one another.

/// The strongly connected components of a graph, each after those that its members lead to (Tarjan's
/// algorithm, with a stack of its own).
pub(crate) fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut waiting: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    let mut count = 0;
    for root in 0..edges.len() {
        let mut way: Vec<(usize, usize)> = if order[root] == NEW { vec![(root, 0)] } else { Vec::new() };
        while let Some((node, next)) = way.last_mut() {
            let (node, at) = (*node, *next);
            if at == 0 && order[node] == NEW {
                (order[node], low[node], open[node]) = (count, count, true);
                count += 1;
                waiting.push(node);
            }
            *next += 1;
            if let Some(target) = edges[node].get(at).copied() {
                if order[target] == NEW {
                    way.push((target, 0));
                } else if open[target] {
                    low[node] = low[node].min(order[target]);
                }
                continue;
            }
            way.pop();
            if let Some((before, _)) = way.last() {
                low[*before] = low[*before].min(low[node]);
            }
            if low[node] == order[node] {
                let start = waiting.iter().rposition(|n| *n == node).unwrap_or(0);
                let group = waiting.split_off(start);
                group.iter().for_each(|n| open[*n] = false);
                found.push(group);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(edges: &[Vec<usize>], from: usize, to: usize) -> bool {
        let mut seen = vec![false; edges.len()];
        let mut work = edges[from].clone();
        while let Some(node) = work.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                work.extend(&edges[node]);
            }
        }
        seen[to]
    }

    #[test]
    fn groups_are_what_reaches_one_another() {
        let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut below = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % n).unwrap_or(0)
        };
        for _ in 0..2000 {
            let nodes = below(7) + 1;
            let edges: Vec<Vec<usize>> =
                (0..nodes).map(|_| (0..below(3)).map(|_| below(nodes as u64)).collect()).collect();
            let found = groups(&edges);
            let place = |node: usize| found.iter().position(|g| g.contains(&node)).expect("each is in one");
            assert_eq!(found.iter().map(Vec::len).sum::<usize>(), nodes);
            for a in 0..nodes {
                for b in 0..nodes {
                    let together = a == b || (reaches(&edges, a, b) && reaches(&edges, b, a));
                    assert_eq!(place(a) == place(b), together, "{edges:?}");
                    assert!(!reaches(&edges, a, b) || place(a) >= place(b), "{edges:?}");
                }
            }
        }
    }
}
