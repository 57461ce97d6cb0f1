//! Waiting until a time limit, and telling a silent server from a process that did not run.
//!
//! A user may stop a program of his own, a setuid one too (Ctrl-Z, SIGSTOP). When it goes on, its time is
//! up, and that says nothing about the server. Somebody who could make a server look dead could send
//! everybody to the local accounts; so time that this process lost is noticed.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// How often a wait looks at the clock.
const SLICE: Duration = Duration::from_millis(100);

/// How late such a look may be. A busy machine is late by some milliseconds.
const LATE: Duration = Duration::from_millis(250);

/// Why a wait ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResult {
    /// The time is up, and nothing came.
    Silence,
    /// The time is up, but this process did not run for so long of it.
    Stopped(Duration),
}

/// Waits for `work` until `limit`.
///
/// # Errors
/// There is no result by then.
pub async fn within<T>(limit: Instant, work: impl Future<Output = T>) -> Result<T, NoResult> {
    let mut result = None;
    // On the heap at once: the stack may be a small one.
    let work = Box::pin(work);
    done_within(limit, Box::pin(async { result = Some(work.await) })).await?;
    result.ok_or(NoResult::Silence)
}

/// As [`within`]. Knows nothing of what it waits for, so that its code exists once: it is large.
async fn done_within(
    limit: Instant,
    mut work: Pin<Box<dyn Future<Output = ()> + '_>>,
) -> Result<(), NoResult> {
    let mut lost = Duration::ZERO;
    loop {
        let look = limit.min(Instant::now() + SLICE);
        if let Ok(()) = timeout_at(look, work.as_mut()).await {
            return Ok(());
        }
        let late = look.elapsed();
        if late > LATE {
            lost += late;
        }
        if limit.elapsed() > Duration::ZERO || limit <= look {
            return Err(match lost.is_zero() {
                true => NoResult::Silence,
                false => NoResult::Stopped(lost),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(work: impl Future<Output = u8>) -> Result<u8, NoResult> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { within(Instant::now() + Duration::from_millis(350), work).await })
    }

    #[test]
    fn a_result_in_time_is_passed_on_at_once() {
        let begin = std::time::Instant::now();
        assert_eq!(wait(async { 7 }), Ok(7));
        assert!(begin.elapsed() < SLICE);
        let later = async {
            tokio::time::sleep(Duration::from_millis(220)).await;
            8
        };
        assert_eq!(wait(later), Ok(8));
    }

    #[test]
    fn silence_is_told_from_a_process_that_did_not_run() {
        assert_eq!(wait(std::future::pending()), Err(NoResult::Silence));
        let stopped = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            // As SIGSTOP and SIGCONT would have it: nothing of this process runs.
            std::thread::sleep(Duration::from_millis(700));
            std::future::pending().await
        };
        let Err(NoResult::Stopped(lost)) = wait(stopped) else {
            panic!("not noticed");
        };
        assert!(lost > Duration::from_millis(500), "{lost:?}");
    }
}
