//! One stage's scores on the common scale.

use super::Method;

/// How a stage's scores and ranks become values.
pub(super) enum Scale {
    /// `(score - offset) / width`; a score that is missing is the lowest.
    Linear { lowest: f64, offset: f64, width: f64 },
    /// `1 / (k + rank)`.
    Ranks { k: f64 },
}

impl Scale {
    /// `sorted`: best first, so that sums do not depend on the order in which scores came.
    pub(super) fn of(method: Method, k: f64, sorted: &[(usize, f32)]) -> Self {
        let scores = || sorted.iter().map(|(_, score)| f64::from(*score));
        let lowest = scores().next_back().unwrap_or(0.0);
        let highest = scores().next().unwrap_or(0.0);
        match method {
            Method::Rrf => Self::Ranks { k },
            Method::MinMax => Self::Linear { lowest, offset: lowest, width: highest - lowest },
            Method::ZScore => {
                let count = sorted.len().max(1) as f64;
                let mean = scores().sum::<f64>() / count;
                let variance = scores().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
                // Equal scores have a deviation of rounding only.
                let width = if highest > lowest { variance.sqrt() } else { 0.0 };
                Self::Linear { lowest, offset: if width > 0.0 { mean } else { lowest }, width }
            }
        }
    }

    pub(super) fn value(&self, score: Option<f32>, rank: Option<usize>) -> f64 {
        match *self {
            Self::Ranks { k } => rank.map_or(0.0, |rank| 1.0 / (k + rank as f64)),
            Self::Linear { width: 0.0, .. } => 0.0,
            Self::Linear { lowest, offset, width } => (score.map_or(lowest, f64::from) - offset) / width,
        }
    }
}
