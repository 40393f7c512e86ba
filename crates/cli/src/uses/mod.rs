//! Which options have a use: at the verb, beside what else was typed, and with the model's family. All stands in tables; what
//! was typed and has no use is refused by name.

mod beside;
mod families;

pub(crate) use beside::{check as check_beside, idle_at};
pub(crate) use families::check as check_family;

use crate::args::given_as;
use crate::failure::{Failure, Result};

/// Refuses options that say something of texts, where inputs are images.
pub(crate) fn check_images(of_texts: &[&str]) -> Result<()> {
    match of_texts.iter().find_map(|id| given_as(id)) {
        Some(option) => Err(Failure::Usage(format!("{option} is for texts, and these inputs are images"))),
        None => Ok(()),
    }
}
