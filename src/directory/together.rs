//! Operations that are in flight at the same time.
//!
//! Each is boxed, so that the code that waits for them exists once for each kind of answer. That of
//! futures-util exists once for each kind of operation, which made the module 46 KB larger.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::DirectoryError;

type Operation<'a, T> = Pin<Box<dyn Future<Output = Result<T, DirectoryError>> + 'a>>;

/// An operation, or its answer.
enum Slot<'a, T> {
    Asked(Operation<'a, T>),
    Answered(T),
}

/// Waits for all of these; the answers come in their order.
///
/// # Errors
/// The first that there is. The others are dropped then.
pub fn together<'a, T, F>(
    operations: impl IntoIterator<Item = F>,
) -> impl Future<Output = Result<Vec<T>, DirectoryError>> + 'a
where
    T: Unpin + 'a,
    F: Future<Output = Result<T, DirectoryError>> + 'a,
{
    let boxed = |operation| Slot::Asked(Box::pin(operation) as Operation<'a, T>);
    all(operations.into_iter().map(boxed).collect())
}

async fn all<T: Unpin>(mut slots: Vec<Slot<'_, T>>) -> Result<Vec<T>, DirectoryError> {
    poll_fn(|context| {
        let mut waits = false;
        for slot in &mut slots {
            if let Slot::Asked(operation) = slot {
                match operation.as_mut().poll(context) {
                    Poll::Pending => waits = true,
                    Poll::Ready(Ok(answer)) => *slot = Slot::Answered(answer),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                }
            }
        }
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    })
    .await?;
    let answers = slots.into_iter().filter_map(|slot| match slot {
        Slot::Answered(answer) => Some(answer),
        Slot::Asked(_) => None,
    });
    Ok(answers.collect())
}
