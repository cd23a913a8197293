use super::*;

fn field(id: &str) -> FieldId {
    FieldId::parse(id).unwrap()
}

fn dataset(id: &str) -> DatasetId {
    DatasetId::parse(id).unwrap()
}

fn base(n: u64) -> Base {
    Base {
        seq: 5_000 + n * 97 % 100_000,
        dataset: dataset("manhole"),
        feature: FeatureId::from_uuid(Uuid::from_u128(u128::from(n) << 64 | 0x7777)),
        version: 1 + (n % 3) as u32,
        values: [
            (field("status"), Value::Text("i drift".into())),
            (field("djup"), Value::Real(2.5)),
        ]
        .into(),
    }
}

fn update(n: u64, base: &Base) -> Operation {
    Operation {
        id: OpId::from_uuid(Uuid::from_u128(
            0x0190_a5c0_0000_7000_8000_0000_0000_0000 + u128::from(n),
        )),
        replica: ReplicaId::from_uuid(Uuid::from_u128(9)),
        op_no: 41 + n as u32,
        user: "Eva Lind".into(),
        device_time: Timestamp::from_unix_ms(1_779_180_000_123 + n as i64 / 7),
        clock_offset_ms: Some(-250),
        dataset: base.dataset.clone(),
        schema_rev: 1,
        feature: base.feature,
        kind: OperationKind::Update,
        base_version: base.version,
        changes: [(
            field("status"),
            Change { old: Value::Text("i drift".into()), new: Value::Text("ur drift".into()) },
        )]
        .into(),
        depends_on: vec![],
        group: Some(GroupId::from_uuid(Uuid::from_u128(12))),
        atomic: false,
        blobs: vec![],
        note: None,
    }
}

fn request(ops: Vec<Operation>) -> PushRequest {
    PushRequest {
        protocol: 1,
        epoch: "5a2f8f0e-53c1-4b1e-9f0a-0d8f3c1b2a49".into(),
        replica: ReplicaId::from_uuid(Uuid::from_u128(9)),
        lineage: "b2d0".into(),
        witness: Witness { seq: 77, chain: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".into() },
        former_seqs: BTreeMap::new(),
        ops,
    }
}

fn known(bases: &[Base]) -> HashMap<u64, Base> {
    bases.iter().map(|it| (it.seq, it.clone())).collect()
}

#[test]
fn a_thousand_edits_come_back_as_they_were_and_take_two_bytes_each() {
    let bases: Vec<Base> = (0..1_000).map(base).collect();
    let request = request(bases.iter().enumerate().map(|(n, it)| update(n as u64, it)).collect());
    let packed = pack(&request, &bases.iter().cloned().map(Some).collect::<Vec<_>>()).unwrap();
    assert!(packed.len() < 2_000, "{} bytes", packed.len());
    let read = Columned::read(&packed).unwrap();
    assert_eq!(read.base_seqs().len(), 1_000);
    assert_eq!(read.fill(&known(&bases)).unwrap(), request);
}

/// `FALTKARTA_WRITE_SAMPLES=1` writes the sample, and where the decoders find it, anew.
#[test]
fn a_push_in_columns_is_written_as_the_golden_sample() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = here.join("samples/push_columns-2.bin");
    let bases: Vec<Base> = (0..3).map(base).collect();
    let mut ops: Vec<_> = bases.iter().enumerate().map(|(n, it)| update(n as u64, it)).collect();
    ops[1].depends_on = vec![ops[0].id];
    ops[2].note = Some("mätt på plats".into());
    let request = request(ops);
    let packed = pack(&request, &[Some(bases[0].clone()), Some(bases[1].clone()), None]).unwrap();
    // How the compressor folds it may change with its version.
    let unfolded = inflate(packed.strip_prefix(MAGIC).unwrap()).unwrap();
    if std::env::var_os("FALTKARTA_WRITE_SAMPLES").is_some() {
        std::fs::write(&path, &unfolded).unwrap();
        let corpus = here.join("../../fuzz/corpus/push_columns");
        std::fs::create_dir_all(&corpus).unwrap();
        std::fs::write(corpus.join("unfolded"), &unfolded).unwrap();
        std::fs::write(corpus.join("folded"), &packed).unwrap();
    }
    assert_eq!(std::fs::read(&path).unwrap(), unfolded, "not what is written today");
    let read = Columned::read_unfolded(&unfolded).unwrap();
    assert_eq!(read.fill(&known(&bases)).unwrap(), request);
}

#[test]
fn a_second_edit_of_the_same_features_costs_no_more() {
    let bases: Vec<Base> = (0..1_000).map(base).collect();
    let mut ops: Vec<_> = bases.iter().enumerate().map(|(n, it)| update(n as u64, it)).collect();
    for (n, op) in ops.iter_mut().enumerate() {
        op.depends_on = vec![OpId::from_uuid(Uuid::from_u128((77 << 100) + n as u128))];
    }
    let request = request(ops);
    let packed = pack(&request, &bases.iter().cloned().map(Some).collect::<Vec<_>>()).unwrap();
    assert!(packed.len() < 2_000, "{} bytes", packed.len());
    assert_eq!(Columned::read(&packed).unwrap().fill(&known(&bases)).unwrap(), request);
}

#[test]
fn every_part_of_an_operation_survives_without_a_base() {
    let mut op = update(3, &base(3));
    op.kind = OperationKind::Resolve;
    op.clock_offset_ms = None;
    op.depends_on = vec![op.id];
    op.atomic = true;
    op.blobs = vec![BlobId::from_digest([7; 32])];
    op.note = Some("mätt på plats".into());
    op.device_time = Timestamp::from_unix_ms(-62_135_596_800_000);
    op.changes.insert(
        field("lista"),
        Change { old: Value::Null, new: Value::List(vec!["a".into(), "b\n".into()]) },
    );
    let request = request(vec![update(1, &base(1)), op]);
    let packed = pack(&request, &[None, None]).unwrap();
    assert_eq!(Columned::read(&packed).unwrap().fill(&HashMap::new()).unwrap(), request);
}

#[test]
fn an_old_value_that_is_not_the_bases_is_written_out() {
    let base = base(1);
    let mut op = update(1, &base);
    op.changes.get_mut(&field("status")).unwrap().old = Value::Text("slopad".into());
    let request = request(vec![op]);
    let packed = pack(&request, &[Some(base.clone())]).unwrap();
    assert_eq!(Columned::read(&packed).unwrap().fill(&known(&[base])).unwrap(), request);
}

#[test]
fn a_store_with_another_row_at_the_entry_does_not_take_it_for_the_laptops() {
    let base = base(1);
    let request = request(vec![update(1, &base)]);
    let packed = pack(&request, &[Some(base.clone())]).unwrap();
    let read = || Columned::read(&packed).unwrap();
    assert_eq!(read().fill(&HashMap::new()), Err(ColumnsError::UnknownBase { seq: base.seq }));
    let mut other = base.clone();
    other.values.insert(field("status"), Value::Text("slopad".into()));
    assert_eq!(read().fill(&known(&[other])), Err(ColumnsError::HashMismatch));
    let mut other = base;
    other.version += 1;
    assert_eq!(read().fill(&known(&[other])), Err(ColumnsError::HashMismatch));
}

#[test]
fn no_broken_body_is_taken_for_a_push() {
    let bases: Vec<Base> = (0..5).map(base).collect();
    let request = request(bases.iter().enumerate().map(|(n, it)| update(n as u64, it)).collect());
    let whole = pack(&request, &bases.iter().cloned().map(Some).collect::<Vec<_>>()).unwrap();
    let known = known(&bases);
    for n in 0..whole.len() {
        assert!(Columned::read(&whole[..n]).is_err(), "cut after {n}");
        for bit in [1, 0x80] {
            let mut turned = whole.clone();
            turned[n] ^= bit;
            let taken = Columned::read(&turned).and_then(|it| it.fill(&known));
            assert!(taken.is_err() || taken == Ok(request.clone()), "byte {n}");
        }
    }
    // Without the compressor's own checks.
    let plain = inflate(&whole[MAGIC.len()..]).unwrap();
    for n in 0..plain.len() {
        let mut turned = plain.clone();
        turned[n] = turned[n].wrapping_add(97);
        let body = [MAGIC.as_slice(), &deflate(&turned)].concat();
        let _ = Columned::read(&body).and_then(|it| it.fill(&known));
    }
}
