//! Removing many objects: S3's `DeleteObjects`, 1,000 a request (docs: r2/api/s3/api).

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
        let md5 = base64(Md5::digest(&text).as_slice());
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

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for some in bytes.chunks(3) {
        let number = (0..3).fold(0_usize, |number, at| number << 8 | usize::from(some.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = char::from(DIGITS[number >> (18 - 6 * at) & 63]);
            text.push(if at <= some.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
        {
            assert_eq!(super::base64(bytes.as_bytes()), text);
        }
    }
}
