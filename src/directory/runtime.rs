//! The event queue of one call.

use std::io::ErrorKind;
use std::pin::Pin;

use tokio::runtime::{Builder, Runtime};

use super::DirectoryError;
use super::session::host_trouble;

/// Made when it is first needed. It has one thread: the caller's.
#[derive(Default)]
pub struct Queue(Option<Runtime>);

impl Queue {
    /// Does the work.
    ///
    /// # Errors
    /// That of the work; or this process cannot have an event queue.
    pub fn run<T>(
        &mut self,
        work: impl Future<Output = Result<T, DirectoryError>>,
    ) -> Result<T, DirectoryError> {
        let mut result = None;
        // On the heap at once: the stack may be a small one.
        let work = Box::pin(work);
        self.finish(Box::pin(async { result = Some(work.await) }))?;
        result.unwrap_or_else(|| Err(none(&ErrorKind::Interrupted.into())))
    }

    /// The same. Knows nothing of the work, so that tokio's loop, which is large, exists once.
    fn finish(
        &mut self,
        work: Pin<Box<dyn Future<Output = ()> + '_>>,
    ) -> Result<(), DirectoryError> {
        let runtime = match self.0.take() {
            Some(runtime) => runtime,
            None => {
                let mut builder = Builder::new_current_thread();
                let made = builder.enable_io().enable_time().build();
                made.map_err(|error| none(&error))?
            }
        };
        self.0.insert(runtime).block_on(work);
        Ok(())
    }
}

fn none(error: &std::io::Error) -> DirectoryError {
    host_trouble("an event queue", error)
}
