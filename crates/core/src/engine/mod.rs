//! Runs any pipeline over any number of inputs.

use crate::{Prepared, Purpose, Result, Usage};

/// A pipeline, a window of inputs at a time, without its prepared type.
#[allow(dead_code)]
pub(crate) trait Windowed<I: ?Sized, O>: Send + Sync {
    fn usage(&self, input: &I, purpose: &Purpose) -> Result<Usage>;
}

impl<P: crate::Pipeline> Windowed<P::Input, P::Output> for P {
    fn usage(&self, input: &P::Input, purpose: &Purpose) -> Result<Usage> {
        let _: fn(&Prepared<P::Prepared, P::Output>) = |_| ();
        crate::Pipeline::usage(self, input, purpose)
    }
}
