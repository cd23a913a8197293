//! What field staff can do, one function per use case; transactions begin and end here.
