//! Many things, a few of them at once.

use tokio::task::JoinSet;

/// Does `work` for each item, `limit` at once, and hands over each result as it comes. The first failure ends it: what is
/// under way is dropped.
pub(crate) async fn at_once<T, R, E, F>(
    limit: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> F,
    mut each: impl FnMut(R),
) -> Result<(), E>
where
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: Send + 'static,
    E: Send + 'static,
{
    let (mut items, mut set) = (items.into_iter(), JoinSet::new());
    loop {
        while set.len() < limit
            && let Some(item) = items.next()
        {
            set.spawn(work(item));
        }
        match set.join_next().await {
            None => return Ok(()),
            Some(Ok(result)) => each(result?),
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
