//! What ONNX Runtime would report about its users, and does not when embedkit loads it.
//!
//! From version 1.29 on its builds for Linux and macOS have an uploader: unless it is switched off before the environment
//! is made, it keeps an identifier of the device and a database of events in the user's cache folder, and a thread that
//! outlives every session. `DisableTelemetryEvents` is too late for that. Its thread is also what a forked child would
//! wait for at its end, for ever, since threads do not survive a fork.

/// The switch: read once by ONNX Runtime, when the process's environment is made.
const SWITCH: &str = "ORT_DISABLE_TELEMETRY";

/// Switches the uploader off for this process and those it starts, unless somebody has set the switch.
pub(super) fn switch_off() {
    if std::env::var_os(SWITCH).is_none() {
        // SAFETY: the standard library's own reads and writes of variables wait for this one. Code in C that reads one in
        // this very instant, on another thread, is the rest of the risk, which every setting of a variable has and recent
        // C libraries take away; a program that cannot bear it sets the variable before it starts threads.
        #[allow(unsafe_code, reason = "the library has no other switch")]
        unsafe {
            std::env::set_var(SWITCH, "1");
        }
    }
}
