//! The words the shop is made of: people's names, countries, campaigns. All invented or everyday.

/// A name as it is written, and as it appears in an e-mail address.
pub type Name = (&'static str, &'static str);

pub static FIRST: [Name; 40] = [
    ("Ana", "ana"),
    ("Arjun", "arjun"),
    ("Aylin", "aylin"),
    ("Björn", "bjoern"),
    ("Carla", "carla"),
    ("Chidi", "chidi"),
    ("Dana", "dana"),
    ("Deepa", "deepa"),
    ("Élodie", "elodie"),
    ("Farah", "farah"),
    ("Gözde", "goezde"),
    ("Hana", "hana"),
    ("Imran", "imran"),
    ("Inés", "ines"),
    ("Jan", "jan"),
    ("João", "joao"),
    ("Kavya", "kavya"),
    ("Kenji", "kenji"),
    ("Leila", "leila"),
    ("Lukas", "lukas"),
    ("María José", "mariajose"),
    ("Meera", "meera"),
    ("Mikko", "mikko"),
    ("Nadia", "nadia"),
    ("Nikhil", "nikhil"),
    ("Olga", "olga"),
    ("Omar", "omar"),
    ("Priya", "priya"),
    ("Rahul", "rahul"),
    ("Rosa", "rosa"),
    ("Saoirse", "saoirse"),
    ("Sören", "soeren"),
    ("Tariq", "tariq"),
    ("Tomás", "tomas"),
    ("Uma", "uma"),
    ("Vera", "vera"),
    ("Yuki", "yuki"),
    ("Zoë", "zoe"),
    ("さくら", "sakura"),
    ("Иван", "ivan"),
];

pub static LAST: [Name; 40] = [
    ("Agarwal", "agarwal"),
    ("Åkesson", "akesson"),
    ("Almeida", "almeida"),
    ("Banerjee", "banerjee"),
    ("Becker", "becker"),
    ("Castillo", "castillo"),
    ("Chen", "chen"),
    ("Das", "das"),
    ("de la Cruz", "delacruz"),
    ("Demir", "demir"),
    ("Eze", "eze"),
    ("Fernández", "fernandez"),
    ("Fischer", "fischer"),
    ("García", "garcia"),
    ("Gupta", "gupta"),
    ("Haddad", "haddad"),
    ("Hoffmann", "hoffmann"),
    ("Iyer", "iyer"),
    ("Jain", "jain"),
    ("Jensen", "jensen"),
    ("Kapoor", "kapoor"),
    ("Khan", "khan"),
    ("Kowalska", "kowalska"),
    ("Lindqvist", "lindqvist"),
    ("Mehta", "mehta"),
    ("Müller", "mueller"),
    ("Nair", "nair"),
    ("O'Brien", "obrien"),
    ("Okafor", "okafor"),
    ("Patel", "patel"),
    ("Prueba", "prueba"),
    ("Rao", "rao"),
    ("Santos", "santos"),
    ("Schäfer", "schaefer"),
    ("Sharma", "sharma"),
    ("Silva", "silva"),
    ("Singh", "singh"),
    ("Suzuki", "suzuki"),
    ("Virtanen", "virtanen"),
    ("Yılmaz", "yilmaz"),
];

pub const MAIL_DOMAINS: [&str; 3] = ["example.com", "example.org", "mail.example.net"];

/// Where a person lives: how they pay and where their telephone is.
pub struct Country {
    /// The code and the English name.
    pub names: [&'static str; 2],
    pub dial: &'static str,
    pub currency: &'static str,
    /// Price here of what costs 1 where the catalogue was written, in hundredths.
    pub price_level: i64,
    /// The currency has no smaller unit.
    pub whole_prices: bool,
    /// Cities with latitude and longitude in ten-thousandths of a degree.
    pub cities: &'static [(&'static str, i64, i64)],
}

pub static COUNTRIES: [Country; 6] = [
    Country {
        names: ["IN", "India"],
        dial: "91",
        currency: "INR",
        price_level: 8000,
        whole_prices: false,
        cities: &[("Mumbai", 190_760, 728_777), ("Bengaluru", 129_716, 775_946), ("Delhi", 286_139, 772_090)],
    },
    Country {
        names: ["US", "United States"],
        dial: "1",
        currency: "USD",
        price_level: 105,
        whole_prices: false,
        cities: &[("New York", 407_128, -740_060), ("Austin", 302_672, -977_431)],
    },
    Country {
        names: ["DE", "Germany"],
        dial: "49",
        currency: "EUR",
        price_level: 100,
        whole_prices: false,
        cities: &[("Köln", 509_375, 69_603), ("München", 481_351, 115_820)],
    },
    Country {
        names: ["ES", "Spain"],
        dial: "34",
        currency: "EUR",
        price_level: 92,
        whole_prices: false,
        cities: &[("A Coruña", 433_623, -84_115), ("Málaga", 367_213, -44_214)],
    },
    Country {
        names: ["BR", "Brazil"],
        dial: "55",
        currency: "BRL",
        price_level: 540,
        whole_prices: false,
        cities: &[("São Paulo", -235_505, -466_333), ("Recife", -80_476, -348_770)],
    },
    Country {
        names: ["JP", "Japan"],
        dial: "81",
        currency: "JPY",
        price_level: 15_500,
        whole_prices: true,
        cities: &[("東京", 356_762, 1_396_503), ("大阪", 346_937, 1_355_023)],
    },
];

/// How many in a hundred live in each of [`COUNTRIES`], summed up.
pub const COUNTRY_SHARES: [u32; 6] = [46, 62, 74, 82, 92, 100];

pub const CARRIERS: [&str; 8] = ["Jio", "Airtel", "Vi", "T-Mobile", "Movistar", "Claro", "docomo", ""];
pub const NETWORKS: [&str; 4] = ["LTE", "5G", "3G", "Wifi"];

/// Source, medium, campaign.
pub const CAMPAIGNS: [(&str, &str, &str); 7] = [
    ("google-play", "organic", ""),
    ("fb", "cpc", "Winter"),
    ("google", "cpc", "brand | exact"),
    ("newsletter", "email", "Diwali, week 2"),
    ("instagram", "social", "größer_denken"),
    ("affiliate-77", "referral", "50% off"),
    ("qr", "offline", "Ladenöffnung \"Mitte\""),
];
