"""Tests here run where the libraries are installed, with and without the reference: `cargo xtask test-python --libraries`."""

import embedkit_rs.compat

embedkit_rs.compat.install()
