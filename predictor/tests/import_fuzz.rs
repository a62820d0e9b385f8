//! No file, however broken, makes an importer panic, and no row of it disappears without a word.

#![allow(clippy::unwrap_used)]

use predictor::import::{CSV_KINDS, FORMATS, Imported, Source};
use proptest::prelude::*;

/// A sound file per format, from which broken ones are made.
const SOUND: [&str; 9] = [
    "input_hw,in_channels,out_channels,expansion,expanded_channels,stride,kernel,se,activation,latency_ms\n\
     14,24,24,6,144,1,5,0,hswish,1.5\n14,24,24,6,144,1,3,1,relu,0.5\n",
    "arch,key,more_channels,gate,factor,interpolation,latency_us\n\
     |nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|,gpool-4x4x8,3,1,2,nearest,7\n",
    "expanded_conv-input:112x112x32-output:112x112x16-expand:1-kernel:3-stride:1-idskip:0:\n  mean: 1.5\n  var: 0.1\n  count: 10\n",
    "{\"conv-bn-relu\": {\"a\": {\"config\": {\"HW\": 28, \"CIN\": 8, \"COUT\": 16, \"KERNEL_SIZE\": 3, \"STRIDES\": 2}, \
     \"latency\": \"0.5 +- 0.02\"}}}",
    "{\"conv_64_16_16_2_1_hard_swish_5_nose\": 1.5, \"FirstConvBlock_224_3_16_3_None_2_relu\": 0.7}",
    "Graph: [/net.tflite]\ncount=50 first=80 curr=81 min=79 max=83 avg=8.0e+04 std=900\n============ Run Order ============\n\
     \t[node type]\t[first]\t[avg ms]\t[%]\t[Name]\n\tCONV_2D\t3.1\t3.25\t4%\t[a]:0\n\nInference timings in us: Inference (avg): 80500\n",
    "[{\"cat\":\"Node\",\"dur\":9,\"name\":\"c_kernel_time\",\"args\":{\"op_name\":\"Conv\",\"input_type_shape\":\
     [{\"float\":[1,3,8,8]},{\"float\":[16,3,3,3]}],\"output_type_shape\":[{\"float\":[1,16,4,4]}]}},\
     {\"cat\":\"Session\",\"dur\":1000,\"name\":\"model_run\",\"args\":{}}]",
    "model,operation,feature,p_us,p_kernel\n\
     a,CONV_2D,\"{'Input_shape': '8', 'Input_channel': 4, 'Output_shape': '6', 'Kernel': '3', 'Filter': '8'}\",5,conv_0_linked_:_relu_1\n\
     a,CONCATENATION,\"{'Input_shape': '6', 'Input_channel': 8, 'Output_shape': '6', 'Kernel': '2', 'Filter': '16'}\",2,concat_1\n",
    "arch,latency_ms\n7-8-1-8-4-8-8-8-7-4-1-4-7-3-2-7-3-2-4-2-4-5,10.6\n",
];

fn read(text: &[u8], format: &str, kind: &str) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    let source = Source {
        file: folder.path().join("file"),
        kind: Some(kind.to_owned()),
        renamed: if format.ends_with("csv") {
            Vec::new()
        } else {
            vec![("a".to_owned(), "gpool-4x4x8".to_owned())]
        },
        ..Source::default()
    };
    std::fs::write(&source.file, text).unwrap();
    source.read(format).map_err(|e| e.to_string())
}

fn read_all(text: &[u8]) {
    for format in FORMATS.iter().map(|format| format.name) {
        let kinds = if format == "csv" { CSV_KINDS } else { &CSV_KINDS[..1] };
        for (kind, _) in kinds {
            let Ok(imported) = read(text, format, kind) else { continue };
            for row in imported.rows {
                assert!(row.latency_ms.is_finite() && row.latency_ms > 0.0, "{format}: {row:?}");
                assert!(row.std_ms.is_none_or(|std| std.is_finite() && std >= 0.0), "{format}: {row:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&text);
    }

    /// Parts are cut out, doubled and overwritten, numbers become absurd.
    #[test]
    fn broken_files_are_read_or_refused(
        which in 0..SOUND.len(),
        edits in prop::collection::vec((0.0..1.0_f64, 0_usize..12, 0_usize..9), 1..5),
    ) {
        const PIECES: [&str; 9] = ["", "-1", "99999999999999999999", "nan", "inf", "0", "\n", "\"", "é_[,{"];
        let mut text = SOUND[which].as_bytes().to_vec();
        for (place, cut, piece) in edits {
            let from = (place * text.len() as f64) as usize;
            let to = (from + cut).min(text.len());
            text.splice(from..to, PIECES[piece].bytes());
        }
        read_all(&text);
    }

    /// Every data line of a table is a row or a refusal.
    #[test]
    fn no_row_disappears(lines in prop::collection::vec("[0-9a-z.,-]{1,30}", 0..20)) {
        let text = format!("key,latency_ms\n{}\n", lines.join("\n"));
        let imported = read(text.as_bytes(), "csv", "key").unwrap();
        prop_assert_eq!(imported.rows.len() + imported.refused.len(), lines.len());
    }
}

#[test]
fn sound_files_give_rows() {
    for (text, format, kind, rows) in [
        (SOUND[0], "csv", "mbconv", 2),
        (SOUND[1], "csv", "nasbench201", 1),
        (SOUND[2], "proxylessnas-yaml", "", 1),
        (SOUND[3], "nn-meter-json", "", 1),
        (SOUND[4], "nn-meter-json", "", 2),
        (SOUND[5], "benchmark-model", "", 2),
        (SOUND[6], "onnxruntime-profile", "", 2),
        (SOUND[7], "mobile-gpu-csv", "", 2),
        (SOUND[8], "csv", "fbnet", 1),
    ] {
        let imported = read(text.as_bytes(), format, kind).unwrap();
        assert_eq!((imported.rows.len(), imported.refused.len()), (rows, 0), "{format}: {imported:?}");
    }
}
