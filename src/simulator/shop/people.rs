//! The people of the shop. A person is a function of the seed and a number: always the same name, address,
//! telephone and devices, in whichever record they appear.

use super::json::Json;
use super::names::{COUNTRIES, COUNTRY_SHARES, Country, FIRST, LAST, MAIL_DOMAINS, Name};
use super::random::{Purpose, Random};

/// The most people a shop can have: their numbers are seven digits.
pub const MOST_PEOPLE: u32 = 9_999_999;

/// Pieces of a text that is put together where it is written.
type Pieces<'a> = [&'a [u8]; 6];

pub struct Person {
    pub number: u32,
    /// Logged in at some time. The others are known by their devices only.
    pub known: bool,
    pub country: &'static Country,
    pub city: &'static (&'static str, i64, i64),
    pub devices: u32,
    first: &'static Name,
    last: &'static Name,
    domain: &'static str,
    digits: [u8; 7],
    area: [u8; 2],
    identity: IdentityForm,
    email: bool,
    phone: Phone,
}

/// Shops name their customers in many ways.
#[derive(Clone, Copy)]
enum IdentityForm {
    Number,
    LeadingZeros,
    Code,
    Email,
}

#[derive(Clone, Copy)]
enum Phone {
    None,
    /// A JSON number, which has lost its `+`.
    Number,
    /// `"+4912…"`.
    Text,
}

impl Person {
    pub fn new(seed: u64, number: u32) -> Self {
        let mut random = Random::new(seed, Purpose::Person, u64::from(number), 0);
        let share = random.below(100);
        let country = COUNTRIES
            .iter()
            .zip(COUNTRY_SHARES)
            .find_map(|(country, end)| (share < end).then_some(country))
            .unwrap_or(&COUNTRIES[0]);
        let mut digits = [b'0'; 7];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Self {
            number,
            known: random.happens(820),
            country,
            city: random.one_of(country.cities),
            devices: if random.happens(150) { 2 } else { 1 },
            first: random.one_of(&FIRST),
            last: random.one_of(&LAST),
            domain: random.pick(&MAIL_DOMAINS),
            digits,
            area: [b'1' + random.below(9) as u8, b'0' + random.below(10) as u8],
            identity: match random.below(10) {
                0 => IdentityForm::LeadingZeros,
                1 => IdentityForm::Code,
                2 => IdentityForm::Email,
                _ => IdentityForm::Number,
            },
            email: random.happens(880),
            phone: match random.below(100) {
                0..55 => Phone::Number,
                55..80 => Phone::Text,
                _ => Phone::None,
            },
        }
    }

    /// Which of their devices somebody has in hand: 0 or 1.
    pub fn pick_device(&self, random: &mut Random) -> u32 {
        if self.devices > 1 { random.below(2) } else { 0 }
    }

    /// `None` for a person who never logged in.
    pub fn identity(&self) -> Option<String> {
        self.known.then(|| joined(&self.identity_pieces()))
    }

    pub fn email(&self) -> Option<String> {
        (self.known && self.email).then(|| joined(&self.email_pieces()))
    }

    /// `identity`, `all_identities`, `email`, `phone` and `name`; nothing for a person who never logged in.
    pub fn write_identity(&self, json: &mut Json<'_>) {
        if !self.known {
            return;
        }
        json.pieces("identity", &self.identity_pieces());
        json.open_array("all_identities");
        json.element_of_pieces(&self.identity_pieces());
        let email = self.email && !matches!(self.identity, IdentityForm::Email);
        if email {
            json.element_of_pieces(&self.email_pieces());
        }
        if !matches!(self.phone, Phone::None) {
            json.element_of_pieces(&self.phone_pieces("+"));
        }
        json.close_array();
        if self.email {
            json.pieces("email", &self.email_pieces());
        }
        match self.phone {
            Phone::None => {}
            Phone::Number => json.number_of_pieces("phone", &self.phone_pieces("")),
            Phone::Text => json.pieces("phone", &self.phone_pieces("+")),
        }
        json.pieces("name", &[self.first.0.as_bytes(), b" ", self.last.0.as_bytes()]);
    }

    fn identity_pieces(&self) -> Pieces<'_> {
        match self.identity {
            IdentityForm::Number => [b"5", &self.digits, b"", b"", b"", b""],
            IdentityForm::LeadingZeros => [b"00", &self.digits, b"", b"", b"", b""],
            IdentityForm::Code => [b"CUST-", &self.digits, b"/", &self.area, b"", b""],
            IdentityForm::Email => self.email_pieces(),
        }
    }

    fn email_pieces(&self) -> Pieces<'_> {
        [self.first.1.as_bytes(), b".", self.last.1.as_bytes(), &self.digits, b"@", self.domain.as_bytes()]
    }

    fn phone_pieces<'a>(&'a self, plus: &'static str) -> Pieces<'a> {
        [plus.as_bytes(), self.country.dial.as_bytes(), &self.area, b"5", &self.digits, b""]
    }
}

fn joined(pieces: &[&[u8]]) -> String {
    String::from_utf8_lossy(&pieces.concat()).into_owned()
}
