//! Removing many objects: S3's `DeleteObjects`, 1,000 a request (docs: r2/api/s3/api).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::{Body, Condition, Store, StoreError, xml};
use crate::at_once::at_once;

/// What a request takes at most.
const MOST: usize = 1_000;
const AT_ONCE: usize = 4;

impl Store {
    /// Removes the objects at `keys`; that there is none is as good. `removed` hears how many have gone now.
    ///
    /// # Errors
    /// When the bucket cannot be written. Some may have gone.
    pub async fn delete_all(&self, keys: &[String], mut removed: impl FnMut(usize)) -> Result<(), StoreError> {
        let work = |some: &[String]| {
            let (store, some) = (self.clone(), some.to_vec());
            async move { store.delete_some(&some).await.map(|()| some.len()) }
        };
        at_once(AT_ONCE, keys.chunks(MOST), work, &mut removed).await
    }

    async fn delete_some(&self, keys: &[String]) -> Result<(), StoreError> {
        if let [key] = keys {
            return self.delete(key).await;
        }
        let text = xml::deletion(keys);
        // Such a body comes with its MD5, whatever it is signed with ("DeleteObjects" in Amazon's reference).
        let md5 = STANDARD.encode(Md5::digest(&text));
        let body = Body::bytes(text);
        let answer = self.send("POST", "", "delete=", &body, Condition::Always, &[("content-md5", &md5)]).await?;
        if answer.status != 200 {
            return Err(self.refused("remove", keys.first().map_or("", String::as_str), &answer));
        }
        // What stayed is removed alone: that is tried several times, and says why it cannot be.
        for key in xml::left(&answer.body) {
            self.delete(&key).await?;
        }
        Ok(())
    }
}
