//! The functions that SQLite calls. Each of them is entered on the thread of the machine only.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Once;

use rusqlite::ffi;

use crate::file::{Inode, LOCK_NONE};
use crate::machine::{State, Trouble};

/// Days since noon of 24 November 4714 BC, in milliseconds, of the day on which every history begins.
const JULIAN_MS: i64 = 212_647_000_000_000;
/// Most bytes of a path.
const PATH_MAX: c_int = 512;

/// Makes the disk in memory the default of the process's SQLite. Doing it again does nothing.
///
/// # Panics
///
/// When SQLite refuses, which would make every test meaningless.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite is asked for its default file system, which is never freed.
        let system = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        assert!(!system.is_null(), "SQLite has a file system");
        // SAFETY: it was just found.
        let system_size = unsafe { (*system).szOsFile };
        let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: system_size.max(size_of::<Handle>() as c_int),
            mxPathname: PATH_MAX,
            pNext: std::ptr::null_mut(),
            zName: c"memory-disk".as_ptr(),
            pAppData: system.cast::<c_void>(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_path),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: None,
            xCurrentTimeInt64: Some(current_time_ms),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: the table is never freed and its functions are as SQLite expects them.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 1) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes the disk");
    });
}

/// The machine's own file system, for everything that lies in no machine's folder.
///
/// # Safety
///
/// `vfs` is the one that [`register`] made.
unsafe fn system(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: as promised by the caller.
    unsafe { (*vfs).pAppData.cast::<ffi::sqlite3_vfs>() }
}

/// What SQLite allocates for an open file.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    machine: Option<Rc<State>>,
    inode: Rc<Inode>,
    path: Option<PathBuf>,
    power: u64,
    lock: c_int,
    /// Locks of the shared memory that this handle holds: 1 shared, −1 alone.
    shm_locks: [i32; 8],
    is_deleted_on_close: bool,
}

impl Open {
    fn is_alive(&self) -> bool {
        self.machine.as_ref().is_none_or(|it| it.is_alive(self.power))
    }

    /// What happens instead of a call that changes something.
    fn trouble(&self) -> Option<Trouble> {
        let machine = self.machine.as_ref()?;
        if machine.is_alive(self.power) { machine.call() } else { Some(Trouble::Stop) }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The state of an open file.
///
/// # Safety
///
/// `file` was filled by [`open`] and not closed; SQLite uses a connection on one thread at a time.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: as promised by the caller.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

/// The path that SQLite names.
///
/// # Safety
///
/// `name` is a text that ends with zero.
unsafe fn path_of<'a>(name: *const c_char) -> &'a Path {
    // SAFETY: as promised by the caller.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()))
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for a handle, a text or null, and a place for the flags or null.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let opened = if name.is_null() {
            Open {
                machine: None,
                inode: Rc::new(Inode::new(Rc::default(), true)),
                path: None,
                power: 0,
                lock: LOCK_NONE,
                shm_locks: [0; 8],
                is_deleted_on_close: true,
            }
        } else {
            let path = path_of(name);
            let Some(machine) = State::of(path) else {
                let system = system(vfs);
                let Some(open) = (*system).xOpen else { return ffi::SQLITE_CANTOPEN };
                return open(system, name, file, flags, out_flags);
            };
            let power = machine.power();
            if !machine.is_alive(power) {
                return ffi::SQLITE_CANTOPEN;
            }
            let inode = match machine.find(path) {
                Some(inode) => inode,
                None if flags & ffi::SQLITE_OPEN_CREATE != 0 => machine.create(path),
                None => return ffi::SQLITE_CANTOPEN,
            };
            Open {
                power,
                machine: Some(machine),
                inode,
                path: Some(path.to_owned()),
                lock: LOCK_NONE,
                shm_locks: [0; 8],
                is_deleted_on_close: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0,
            }
        };
        (*file.cast::<Handle>()).open = Box::into_raw(Box::new(opened));
        (*file).pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the handle was filled by `open`, and SQLite closes it once.
    unsafe {
        let opened = Box::from_raw((*file.cast::<Handle>()).open);
        opened.inode.unlock(opened.lock, LOCK_NONE);
        if opened.is_deleted_on_close
            && let (Some(machine), Some(path)) = (&opened.machine, &opened.path)
            && opened.is_alive()
        {
            machine.delete(path);
        }
        (*file).pMethods = std::ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    n: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the handle is open and `into` has room for `n` bytes.
    let (opened, into) =
        unsafe { (opened(file), std::slice::from_raw_parts_mut(into.cast::<u8>(), n as usize)) };
    if !opened.is_alive() {
        return ffi::SQLITE_IOERR_READ;
    }
    if opened.inode.read(into, offset as usize) < into.len() {
        return ffi::SQLITE_IOERR_SHORT_READ;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    n: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the handle is open and `from` holds `n` bytes.
    let (opened, from) =
        unsafe { (opened(file), std::slice::from_raw_parts(from.cast::<u8>(), n as usize)) };
    match opened.trouble() {
        None => opened.inode.write(from, offset as usize),
        Some(Trouble::Full) => return ffi::SQLITE_FULL,
        Some(Trouble::Stop | Trouble::Fault) => return ffi::SQLITE_IOERR_WRITE,
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, n: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    if opened.trouble().is_some() {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    opened.inode.truncate(n as usize);
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    if opened.trouble().is_some() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    opened.inode.sync();
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, n: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: the handle is open and `n` points to a place for the answer.
    unsafe { *n = opened(file).inode.len() as ffi::sqlite3_int64 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    if !opened.is_alive() {
        return ffi::SQLITE_IOERR_LOCK;
    }
    if wanted <= opened.lock {
        return ffi::SQLITE_OK;
    }
    if !opened.inode.lock(opened.lock, wanted) {
        return ffi::SQLITE_BUSY;
    }
    opened.lock = wanted;
    ffi::SQLITE_OK
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    if wanted < opened.lock {
        opened.inode.unlock(opened.lock, wanted);
        opened.lock = wanted;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the handle is open and `out` points to a place for the answer.
    unsafe { *out = c_int::from(opened(file).inode.is_reserved()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    // What SQLite assumes of every Unix disk, and nothing better.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    at: c_int,
    n_bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the handle is open and `out` points to a place for the answer; regions live as long as the file, which
    // every handle holds.
    unsafe {
        let opened = opened(file);
        let region = opened.inode.shared.region(at as usize, n_bytes as usize, make != 0);
        *out = region.unwrap_or(std::ptr::null_mut());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    at: c_int,
    n: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    if !opened.is_alive() {
        return ffi::SQLITE_IOERR_SHMLOCK;
    }
    let (at, n) = (at as usize, n as usize);
    let (shared, own) = (&opened.inode.shared, &mut opened.shm_locks);
    let is_unlock = flags & ffi::SQLITE_SHM_UNLOCK != 0;
    let is_shared = flags & ffi::SQLITE_SHM_SHARED != 0;
    match (is_unlock, is_shared) {
        (true, true) if own[at] > 0 => {
            shared.give_shared(at);
            own[at] = 0;
        }
        (true, false) if own[at] < 0 => {
            shared.give_alone(at, n);
            own[at..at + n].fill(0);
        }
        (true, _) => {}
        (false, true) if own[at] > 0 => {}
        (false, true) => {
            if !shared.take_shared(at) {
                return ffi::SQLITE_BUSY;
            }
            own[at] = 1;
        }
        (false, false) => {
            if !shared.take_alone(at, n, |it| own[it]) {
                return ffi::SQLITE_BUSY;
            }
            own[at..at + n].fill(-1);
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the handle is open.
    let opened = unsafe { opened(file) };
    for (at, held) in opened.shm_locks.iter_mut().enumerate() {
        match std::mem::take(held) {
            0 => {}
            1 => opened.inode.shared.give_shared(at),
            _ => opened.inode.shared.give_alone(at, 1),
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite names a file.
    let path = unsafe { path_of(name) };
    let Some(machine) = State::of(path) else {
        // SAFETY: the file system is SQLite's own, asked with SQLite's own arguments.
        return unsafe {
            let system = system(vfs);
            (*system).xDelete.map_or(ffi::SQLITE_IOERR, |it| it(system, name, sync_folder))
        };
    };
    if machine.call().is_some() {
        return ffi::SQLITE_IOERR_DELETE;
    }
    if machine.delete(path) { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_DELETE_NOENT }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite names a file and gives a place for the answer.
    unsafe {
        let path = path_of(name);
        let Some(machine) = State::of(path) else {
            let system = system(vfs);
            return (*system).xAccess.map_or(ffi::SQLITE_IOERR, |it| it(system, name, flags, out));
        };
        *out = c_int::from(machine.find(path).is_some());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    n: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite names a file and gives room for `n` bytes.
    unsafe {
        if State::of(path_of(name)).is_none() {
            let system = system(vfs);
            return (*system)
                .xFullPathname
                .map_or(ffi::SQLITE_IOERR, |it| it(system, name, n, out));
        }
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > n as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast::<c_char>(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

/// The same bytes in every history: SQLite needs them for names and salts only.
unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, n: c_int, out: *mut c_char) -> c_int {
    thread_local! {
        static NEXT: std::cell::Cell<u64> = const { std::cell::Cell::new(1) };
    }
    // SAFETY: SQLite gives room for `n` bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), n as usize) };
    for piece in out.chunks_mut(8) {
        let next = NEXT
            .get()
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        NEXT.set(next);
        piece.copy_from_slice(&next.rotate_left(29).to_le_bytes()[..piece.len()]);
    }
    n
}

/// Nobody else can end what this thread waits for.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    micros
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    #[expect(clippy::cast_precision_loss, reason = "days are enough")]
    // SAFETY: SQLite gives a place for the answer.
    unsafe {
        *out = JULIAN_MS as f64 / 86_400_000.0;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(
    _: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = JULIAN_MS };
    ffi::SQLITE_OK
}
