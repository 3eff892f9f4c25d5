//! Every way in which a file can be other than it should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("agentc-disk-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Folder(folder)
    }

    fn disk(&self) -> Disk {
        Disk::new(&self.0, 1 << 20)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TOKENS: [TokenId; 5] = [1, 70_000, 3, 0, 9];

const KEY: Key<'static> = Key { identity: "a model", tokens: &TOKENS };

fn memory() -> Vec<u8> {
    (0..200u8).collect()
}

fn flaw<T: std::fmt::Debug>(result: Result<T, DiskError>) -> Flaw {
    match result {
        Err(DiskError::Flawed { flaw, .. }) => flaw,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let folder = Folder::new("written");
    let disk = folder.disk();
    assert_eq!(disk.read(KEY), Ok(None));
    assert!(!disk.has(KEY) && disk.ls().unwrap().is_empty());
    disk.write(KEY, "smollm2", &memory()).unwrap();
    assert_eq!(disk.read(KEY), Ok(Some(memory())));
    assert!(disk.has(KEY));
    let [entry] = <[Entry; 1]>::try_from(disk.ls().unwrap()).unwrap();
    assert_eq!((entry.model.as_deref(), entry.tokens), (Some("smollm2"), 5));
    assert_eq!(entry.bytes, fs::metadata(&entry.path).unwrap().len());
    assert_eq!(disk.clear(), Ok((1, entry.bytes)));
    assert_eq!(disk.read(KEY), Ok(None));
    assert!(folder.names().is_empty());
}

/// Other models, parameters, modes and texts have other files.
#[test]
fn another_key_finds_nothing() {
    let folder = Folder::new("another");
    let disk = folder.disk();
    disk.write(KEY, "m", &memory()).unwrap();
    let (shorter, other) = ([1, 70_000, 3, 0], [1, 70_000, 3, 0, 8]);
    let keys = [
        Key { identity: "a model, deterministic", ..KEY },
        Key { identity: "a mode", ..KEY },
        Key { tokens: &shorter, ..KEY },
        Key { tokens: &other, ..KEY },
    ];
    for key in keys {
        assert_eq!(disk.read(key), Ok(None), "{key:?}");
        // Not even if someone puts a file where it would be.
        fs::copy(folder.0.join(KEY.name()), folder.0.join(key.name())).unwrap();
        assert_eq!(flaw(disk.read(key)), Flaw::Other);
        assert!(!disk.has(key), "a file that is of no use is removed");
    }
    assert_eq!(disk.read(KEY), Ok(Some(memory())));
}

#[test]
fn any_change_is_noticed() {
    let folder = Folder::new("change");
    let disk = folder.disk();
    disk.write(KEY, "m", &memory()).unwrap();
    let path = folder.0.join(KEY.name());
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        assert_eq!(flaw(disk.read(KEY)), Flaw::Damaged, "{what}");
    };
    for len in 0..whole.len() {
        refused(&whole[..len], &format!("{len} bytes of it"));
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&bytes, &format!("bit {bit}"));
    }
    refused(&[whole.as_slice(), &[0]].concat(), "a byte more");
    fs::write(&path, &whole).unwrap();
    assert_eq!(disk.read(KEY), Ok(Some(memory())));
}

/// Changed by someone who knows the form: the hash is right, and what is inside is not.
#[test]
fn a_right_hash_makes_no_wrong_file_right() {
    let folder = Folder::new("forged");
    let disk = folder.disk();
    disk.write(KEY, "m", &memory()).unwrap();
    let path = folder.0.join(KEY.name());
    let whole = fs::read(&path).unwrap();
    let content = &whole[..whole.len() - 32];
    let forge = |content: &[u8]| {
        let hash = Sha256::digest(content);
        fs::write(&path, [content, hash.as_slice()].concat()).unwrap();
        flaw(disk.read(KEY))
    };
    for len in 0..content.len() {
        forge(&content[..len]);
    }
    let changed = |at: usize, byte: u8| {
        let mut content = content.to_vec();
        content[at] = byte;
        content
    };
    assert_eq!(forge(&changed(0, b'x')), Flaw::Other);
    assert_eq!(forge(&changed(9, 2)), Flaw::Version);
    // Every length that a file tells, made huge. Only what the model is called counts for nothing.
    let name = content.iter().position(|byte| *byte == b'm').unwrap_or_default() + "model".len() + 4;
    for at in (13..content.len() - memory().len()).filter(|at| *at != name) {
        forge(&changed(at, 0xff));
    }
    assert_eq!(content[name], b'm');
}

#[test]
fn a_file_larger_than_all_may_be_is_not_read() {
    let folder = Folder::new("larger");
    let disk = folder.disk();
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join(KEY.name());
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(flaw(disk.read(KEY)), Flaw::TooLong { bytes: 1 << 40 });
    let large = vec![0; 600_000];
    assert!(matches!(disk.write(KEY, "m", &large), Err(DiskError::TooLarge { tokens: 5, .. })));
    assert!(folder.names().is_empty());
}

/// Takes some bytes, and then there is no room any more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.min(bytes.len()) {
            0 => Err(io::Error::from(io::ErrorKind::StorageFull)),
            taken => {
                self.0 -= taken;
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let folder = Folder::new("full");
    let create: [Create; 3] = [
        |path| File::create(path).map(|_| Box::new(Full(0)) as Box<dyn Write>),
        |path| File::create(path).map(|_| Box::new(Full(60)) as Box<dyn Write>),
        |_| Err(io::Error::from(io::ErrorKind::StorageFull)),
    ];
    for create in create {
        let disk = Disk { create, ..folder.disk() };
        let written = disk.write(KEY, "m", &memory());
        assert!(matches!(written, Err(DiskError::Io { what: "write", .. })), "{written:?}");
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let folder = Folder::new("file");
    fs::write(&folder.0, "a file").unwrap();
    let disk = folder.disk();
    assert!(matches!(disk.write(KEY, "m", &memory()), Err(DiskError::Io { what: "make", .. })));
    assert!(disk.read(KEY).is_err() && disk.ls().is_err() && disk.clear().is_err());
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn processes_may_write_and_read_the_same_at_once() {
    let folder = Folder::new("at-once");
    let disk = folder.disk();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    disk.write(KEY, "m", &memory()).unwrap();
                    // Whoever reads sees a whole file.
                    assert_eq!(disk.read(KEY), Ok(Some(memory())));
                }
            });
        }
    });
    assert_eq!(folder.names(), [KEY.name()]);
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let folder = Folder::new("oldest");
    let tokens: Vec<[TokenId; 1]> = (0..5).map(|token| [token]).collect();
    let key = |at: usize| Key { identity: "a model", tokens: &tokens[at] };
    let room = file::size(key(0), "m", &memory()) * 3 + 10;
    let disk = Disk::new(&folder.0, room);
    let age = |at: usize, seconds: u64| {
        let file = File::options().append(true).open(folder.0.join(key(at).name())).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    for at in 0..3 {
        disk.write(key(at), "m", &memory()).unwrap();
        age(at, 100 - at as u64);
    }
    // The oldest is used, and is the youngest then.
    assert!(disk.read(key(0)).unwrap().is_some());
    disk.write(key(3), "m", &memory()).unwrap();
    assert_eq!([0, 1, 2, 3].map(|at| disk.has(key(at))), [true, false, true, true]);
    // The one that was just written stays, however little room there is.
    let less = Disk::new(&folder.0, room * 2 / 3);
    age(3, 0);
    less.write(key(4), "m", &memory()).unwrap();
    assert!(less.has(key(4)) && less.ls().unwrap().len() == 2);
}

#[test]
fn drafts_of_processes_that_ended_are_removed() {
    let folder = Folder::new("drafts");
    let disk = folder.disk();
    disk.write(KEY, "m", &memory()).unwrap();
    let (old, new) = (folder.0.join(".1-0.draft"), folder.0.join(".2-0.draft"));
    fs::write(&new, "half").unwrap();
    File::create(&old).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    disk.write(KEY, "m", &memory()).unwrap();
    assert!(!old.exists() && new.exists(), "another process may still be writing");
    disk.clear().unwrap();
    assert_eq!(folder.names(), [""; 0]);
}
