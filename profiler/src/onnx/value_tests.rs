//! Values as NumPy and ONNX's reference have them.

use super::stored;
use crate::onnx::proto::{BFLOAT16, BOOL, FLOAT, FLOAT16, INT16, INT64, UINT16, UINT32};
use crate::onnx::shape_rules::operator_outputs;
use crate::onnx::{AttributeValue, Constant, ModelNode, Tensor};

fn tensor(data_type: i32, dims: &[u64], values: &[f64]) -> Tensor {
    assert_eq!(dims.iter().product::<u64>(), values.len() as u64);
    Tensor { dims: dims.to_vec(), data_type, values: Some(values.to_vec()), is_constant: false }
}

fn list(values: &[f64]) -> Tensor {
    tensor(INT64, &[values.len() as u64], values)
}

fn one(value: f64) -> Tensor {
    tensor(INT64, &[], &[value])
}

fn grid() -> Tensor {
    tensor(INT64, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
}

/// Sides and values of all that an operator gives.
fn given(
    operator: &str,
    inputs: &[Tensor],
    attributes: &[(&str, AttributeValue)],
    outputs: usize,
) -> Vec<(Vec<u64>, Option<Vec<f64>>)> {
    let node = ModelNode {
        name: "n".to_owned(),
        operator: operator.to_owned(),
        inputs: (0..inputs.len()).map(|place| format!("i{place}")).collect(),
        outputs: (0..outputs).map(|place| format!("o{place}")).collect(),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    };
    let inputs: Vec<Option<&Tensor>> = inputs.iter().map(Some).collect();
    let outputs = operator_outputs(&node, 17, &inputs).unwrap();
    outputs.into_iter().map(|tensor| tensor.map_or((vec![99], None), |t| (t.dims, t.values))).collect()
}

fn assert_gives(
    operator: &str,
    inputs: &[Tensor],
    attributes: &[(&str, AttributeValue)],
    (dims, values): (&[u64], &[f64]),
) {
    let expected = vec![(dims.to_vec(), Some(values.to_vec()))];
    assert_eq!(given(operator, inputs, attributes, 1), expected, "{operator}");
}

fn int(value: i64) -> AttributeValue {
    AttributeValue::Int(value)
}

fn ints(values: &[i64]) -> AttributeValue {
    AttributeValue::Ints(values.to_vec())
}

#[test]
fn elements_are_spread_as_onnx_broadcasts() {
    // A column and a row: 10 + 1, 10 + 2, 20 + 1, 20 + 2.
    let column = tensor(INT64, &[2, 1], &[10.0, 20.0]);
    let row = list(&[1.0, 2.0]);
    assert_gives("Add", &[column.clone(), row.clone()], &[], (&[2, 2], &[11.0, 12.0, 21.0, 22.0]));
    let truth = tensor(BOOL, &[2, 1], &[1.0, 0.0]);
    assert_gives("Where", &[truth, row.clone(), one(9.0)], &[], (&[2, 2], &[1.0, 2.0, 9.0, 9.0]));
    assert_gives("Max", &[one(2.0), list(&[1.0, 5.0]), one(3.0)], &[], (&[2], &[3.0, 5.0]));
    assert_gives(
        "Expand",
        &[column, list(&[2, 2].map(f64::from))],
        &[],
        (&[2, 2], &[10.0, 10.0, 20.0, 20.0]),
    );
    assert_gives("Tile", &[row, list(&[2.0])], &[], (&[4], &[1.0, 2.0, 1.0, 2.0]));
}

#[test]
fn rests_have_the_sign_that_onnx_says() {
    let signed = list(&[-7.0, 7.0]);
    assert_gives("Mod", &[signed.clone(), one(4.0)], &[], (&[2], &[1.0, 3.0]));
    assert_gives("Mod", &[signed.clone(), one(4.0)], &[("fmod", int(1))], (&[2], &[-3.0, 3.0]));
    assert_gives("Div", &[signed.clone(), one(4.0)], &[], (&[2], &[-1.0, 1.0]));
    for operator in ["Div", "Mod"] {
        assert_eq!(given(operator, &[signed.clone(), one(0.0)], &[], 1), [(vec![2], None)]);
    }
}

#[test]
fn floats_are_rounded_as_runtimes_do() {
    // In 64 bits 0.7 as a 32-bit float times 10 is 6.99999988.
    let share = tensor(FLOAT, &[], &[f64::from(0.7_f32)]);
    assert_gives("Mul", &[share, tensor(FLOAT, &[], &[10.0])], &[], (&[], &[7.0]));
    let half = tensor(FLOAT, &[2], &[2.5, -2.5]);
    assert_gives("Round", std::slice::from_ref(&half), &[], (&[2], &[2.0, -2.0]));
    assert_gives("Cast", std::slice::from_ref(&half), &[("to", int(i64::from(INT64)))], (&[2], &[2.0, -2.0]));
    assert_gives("Cast", &[half], &[("to", int(i64::from(BOOL)))], (&[2], &[1.0, 1.0]));
}

#[test]
fn elements_are_joined_along_axes() {
    let axes = |axes: &[i64], keep: i64| [("axes", ints(axes)), ("keepdims", int(keep))];
    assert_gives("ReduceMax", &[grid()], &axes(&[-1], 0), (&[2], &[3.0, 6.0]));
    assert_gives("ReduceProd", &[grid()], &axes(&[0], 1), (&[1, 3], &[4.0, 10.0, 18.0]));
    assert_gives("ReduceSum", &[grid(), list(&[1.0])], &[("keepdims", int(0))], (&[2], &[6.0, 15.0]));
    assert_gives("ReduceMin", &[grid()], &[("keepdims", int(0))], (&[], &[1.0]));
    // The number of elements of a scalar, as exporters compute it.
    assert_gives("ReduceProd", &[list(&[])], &[("keepdims", int(0))], (&[], &[1.0]));
}

#[test]
fn moved_elements_keep_their_values() {
    let last = [("axis", int(-1))];
    assert_gives("Gather", &[grid(), list(&[-1.0, 0.0])], &last, (&[2, 2], &[3.0, 1.0, 6.0, 4.0]));
    assert_gives("Gather", &[grid(), one(1.0)], &[], (&[3], &[4.0, 5.0, 6.0]));
    let column = tensor(INT64, &[2, 1], &[2.0, 0.0]);
    assert_gives("GatherElements", &[grid(), column.clone()], &last, (&[2, 1], &[3.0, 4.0]));
    let pairs = tensor(INT64, &[2, 2], &[0.0, 1.0, 1.0, -1.0]);
    assert_gives("GatherND", &[grid(), pairs.clone()], &[], (&[2], &[2.0, 6.0]));
    let more = list(&[7.0, 8.0]);
    assert_gives(
        "ScatterND",
        &[grid(), pairs, more.clone()],
        &[],
        (&[2, 3], &[1.0, 7.0, 3.0, 4.0, 5.0, 8.0]),
    );
    let more = Tensor { dims: vec![2, 1], ..more };
    let scattered = (&[2, 3][..], &[1.0, 2.0, 7.0, 8.0, 5.0, 6.0][..]);
    assert_gives("ScatterElements", &[grid(), column.clone(), more], &last, scattered);
    assert_gives(
        "Concat",
        &[grid(), column],
        &[("axis", int(1))],
        (&[2, 4], &[1.0, 2.0, 3.0, 2.0, 4.0, 5.0, 6.0, 0.0]),
    );
    assert_gives("Transpose", &[grid()], &[], (&[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    let backwards = [grid(), list(&[-1.0]), list(&[i64::MIN as f64]), list(&[1.0]), list(&[-2.0])];
    assert_gives("Slice", &backwards, &[], (&[2, 2], &[3.0, 1.0, 6.0, 4.0]));
    let parts = given("Split", &[grid(), list(&[1.0, 2.0])], &[("axis", int(1))], 2);
    let expected = [(vec![2, 1], Some(vec![1.0, 4.0])), (vec![2, 2], Some(vec![2.0, 3.0, 5.0, 6.0]))];
    assert_eq!(parts, expected);
}

#[test]
fn made_elements_have_values() {
    assert_gives("Shape", &[grid()], &[], (&[2], &[2.0, 3.0]));
    assert_gives("Shape", &[grid()], &[("start", int(-1)), ("end", int(9))], (&[1], &[3.0]));
    assert_gives("Size", &[grid()], &[], (&[], &[6.0]));
    assert_gives("Range", &[one(5.0), one(0.0), one(-2.0)], &[], (&[3], &[5.0, 3.0, 1.0]));
    let sevens = [("value", AttributeValue::Tensor(Constant::integers(&[7])))];
    assert_gives("ConstantOfShape", &[list(&[1.0, 2.0])], &sevens, (&[1, 2], &[7.0, 7.0]));
    // Of 0 5 0 / 7 0 0: rows 0 and 1, columns 1 and 0.
    let sparse = tensor(INT64, &[2, 3], &[0.0, 5.0, 0.0, 7.0, 0.0, 0.0]);
    assert_gives("NonZero", &[sparse], &[], (&[2, 2], &[0.0, 1.0, 1.0, 0.0]));
}

#[test]
fn what_is_large_is_not_kept() {
    let many = [one(1.0), list(&[1.0, 1025.0])];
    assert_eq!(given("Expand", &many, &[], 1), [(vec![1, 1025], None)]);
    // A number that its format does not hold.
    let large = tensor(crate::onnx::proto::INT32, &[], &[2_147_483_647.0]);
    assert_eq!(given("Add", &[large.clone(), large], &[], 1), [(vec![], None)]);
}

#[test]
fn values_are_what_their_number_format_holds() {
    for (data_type, value, held) in [
        (FLOAT16, 0.1, Some(0.099_975_585_937_5)),
        (BFLOAT16, 3.01, Some(3.015_625)),
        (FLOAT, 0.1, Some(f64::from(0.1_f32))),
        (UINT16, 65_535.0, Some(65_535.0)),
        (INT16, 65_535.0, None),
        (UINT32, -1.0, None),
        (INT64, 0.5, None),
    ] {
        assert_eq!(stored(data_type, value), held, "{data_type}: {value}");
    }
}
