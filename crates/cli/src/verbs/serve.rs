//! `serve`: models behind HTTP.

use embedkit_serve::{Config, Ended, Server, Settings};

use crate::args::ServeArgs;
use crate::failure::{Failure, Result};

pub(super) fn run(args: ServeArgs) -> Result<()> {
    let config = args.config.clone();
    let lower = config.as_deref().map(Settings::from_file).transpose().map_err(failure)?.unwrap_or_default();
    let config = Config::from_layers([args.settings(), lower]).map_err(failure)?;
    let server = Server::builder().config(config).build().map_err(failure)?;
    match server.run().map_err(failure)? {
        Ended::Gracefully => Ok(()),
        Ended::AtOnce => Err(Failure::ServerStopped),
    }
}

fn failure(error: embedkit_serve::Error) -> Failure {
    match error.is_usage() {
        true => Failure::Usage(error.to_string()),
        false => Failure::Failed(error.to_string()),
    }
}
