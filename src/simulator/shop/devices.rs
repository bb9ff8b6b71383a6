//! What people hold in their hands: object ids, platforms, models, versions.

use super::Flags;
use super::json::Json;
use super::people::Person;
use super::random::{Purpose, Random};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Android,
    Ios,
    Web,
}

impl Platform {
    pub fn name(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Ios => "iOS",
            Self::Web => "Web",
        }
    }

    /// The system property `CT Source` of what happens there.
    pub fn source(self) -> &'static str {
        match self {
            Self::Android | Self::Ios => "Mobile",
            Self::Web => "Web",
        }
    }
}

pub struct Device {
    pub platform: Platform,
    pub os_version: &'static str,
    pub app_version: &'static str,
    make: &'static str,
    model: &'static str,
    /// Width, height and dots per inch, as in CleverTap's undocumented `df`.
    screen: (i64, i64, i64),
    object_id: [u64; 2],
}

const ANDROIDS: [(&str, &str, (i64, i64, i64)); 6] = [
    ("xiaomi", "M2006C3MII", (68, 136, 320)),
    ("samsung", "SM-A525F", (69, 151, 405)),
    ("samsung", "SM-S918B", (71, 156, 500)),
    ("OnePlus", "CPH2411", (67, 150, 402)),
    ("motorola", "moto g(60)", (70, 155, 396)),
    ("Google", "Pixel 8", (66, 142, 428)),
];
const ANDROID_VERSIONS: [&str; 5] = ["10", "11", "12", "13", "14"];
const IPHONES: [(&str, (i64, i64, i64)); 4] = [
    ("iPhone14,5", (65, 130, 460)),
    ("iPhone15,2", (65, 141, 460)),
    ("iPhone12,8", (58, 104, 326)),
    ("iPad13,18", (162, 233, 264)),
];
const IOS_VERSIONS: [&str; 4] = ["16.7", "17.5", "17.6.1", "18.1"];
const APP_VERSIONS: [&str; 5] = ["6.1.3", "6.2.0", "6.2.1", "7.0", "6.0.9-beta"];
const BROWSERS: [(&str, &str); 3] = [("Chrome", "141"), ("Safari", "18"), ("Firefox", "144")];

impl Device {
    /// The person's first or second device (`index` 0 or 1).
    pub fn of(seed: u64, person: &Person, index: u32) -> Self {
        let mut random = Random::new(seed, Purpose::Device, u64::from(person.number), u64::from(index));
        let object_id = [random.draw(), random.draw()];
        let app_version = random.pick(&APP_VERSIONS);
        match random.below(100) {
            0..58 => {
                let (make, model, screen) = random.pick(&ANDROIDS);
                let os_version = random.pick(&ANDROID_VERSIONS);
                Self { platform: Platform::Android, os_version, app_version, make, model, screen, object_id }
            }
            58..84 => {
                let (model, screen) = random.pick(&IPHONES);
                let os_version = random.pick(&IOS_VERSIONS);
                Self { platform: Platform::Ios, os_version, app_version, make: "Apple", model, screen, object_id }
            }
            _ => {
                let (model, os_version) = random.pick(&BROWSERS);
                let screen = (508, 286, 96);
                Self { platform: Platform::Web, os_version, app_version: "", make: "", model, screen, object_id }
            }
        }
    }

    pub fn object_id(&self) -> String {
        self.with_id(|pieces| String::from_utf8_lossy(&pieces.concat()).into_owned())
    }

    /// `objectId` and `platform`.
    pub fn write_id(&self, json: &mut Json<'_>) {
        self.write_object_id(json);
        json.text("platform", self.platform.name());
    }

    pub fn write_object_id(&self, json: &mut Json<'_>) {
        self.with_id(|pieces| json.pieces("objectId", pieces));
    }

    /// An element of `platformInfo`. Browsers tell little.
    pub fn write_info(&self, json: &mut Json<'_>, flags: Flags) {
        json.open();
        json.text("platform", self.platform.name());
        if flags.app && self.platform != Platform::Web {
            json.text("os_version", self.os_version);
            json.text("app_version", self.app_version);
            json.text("make", self.make);
            json.text("model", self.model);
        }
        self.write_push_token(json);
        self.write_object_id(json);
        json.close();
    }

    fn with_id<T>(&self, take: impl FnOnce(&[&[u8]]) -> T) -> T {
        let hex = self.hex();
        let hex = hex.as_slice();
        match self.platform {
            Platform::Android if self.object_id[0] & 1 == 0 => take(&[b"__g", hex]),
            Platform::Android => take(&[b"__", hex]),
            Platform::Ios => take(&[b"-", hex]),
            Platform::Web => {
                let (a, rest) = hex.split_at(8);
                let (b, rest) = rest.split_at(4);
                let (c, rest) = rest.split_at(4);
                let (d, e) = rest.split_at(4);
                take(&[a, b"-", b, b"-", c, b"-", d, b"-", e])
            }
        }
    }

    /// The fields that `app=true` adds, and the screen.
    pub fn write_app(&self, json: &mut Json<'_>) {
        json.text("os_version", self.os_version);
        if self.platform != Platform::Web {
            json.text("app_version", self.app_version);
            json.text("make", self.make);
        }
        json.text("model", self.model);
        json.open_object("df");
        json.integer("0", self.screen.0);
        json.integer("1", self.screen.1);
        json.integer("2", self.screen.2);
        json.close();
    }

    /// Telephones that allowed it can be pushed to.
    pub fn write_push_token(&self, json: &mut Json<'_>) {
        let hex = self.hex();
        match self.platform {
            Platform::Web => {}
            _ if self.object_id[1] & 3 == 0 => {}
            Platform::Android => json.pieces("push_token", &[b"fcm:", &hex[8..]]),
            Platform::Ios => json.pieces("push_token", &[b"apns:", &hex[16..]]),
        }
    }

    fn hex(&self) -> [u8; 32] {
        let mut hex = [0; 32];
        for (place, half) in hex.chunks_exact_mut(16).zip(self.object_id) {
            // Cannot fail: 16 digits for 8 bytes.
            let _ = hex::encode_to_slice(half.to_be_bytes(), place);
        }
        hex
    }
}
