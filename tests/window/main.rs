//! Journeys in the real window: the built desktop program on a virtual screen, driven through WebKitWebDriver.
//!
//! They need the built programs, Xvfb and webkit2gtk-driver, so they are run by `make journeys`. Pictures of what was
//! on the screen are kept in the folder that `FALTKARTA_SHOTS` names.

mod asking;
mod colleagues;
mod driver;
mod measuring;
mod patience;
mod picture;
mod programs;
mod screen;
mod shell;
mod technician;
mod town;
