use regorus::*;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use serde_json::Value as J;
use std::path::Path;
fn list(f:&Path,o:&mut Vec<std::path::PathBuf>){for e in std::fs::read_dir(f).unwrap(){let p=e.unwrap().path();if p.is_dir(){list(&p,o)}else{o.push(p)}}}
fn main(){
 std::thread::Builder::new().stack_size(64<<20).spawn(run).unwrap().join().unwrap();
}
fn run(){
 std::panic::set_hook(Box::new(|_|{}));
 let mut fs=vec![];list(Path::new("../shared/data/rego-compliance/v1"),&mut fs);fs.sort();
 let (mut total,mut form,mut comp,mut ok,mut wrong)=(0,0,0,0,0);
 for f in fs{ let v:J=serde_json::from_slice(&std::fs::read(&f).unwrap()).unwrap();
  let folder=f.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
  if folder.starts_with("graphql")||folder.contains("aws"){continue}
  for c in v["cases"].as_array().unwrap(){
   total+=1;
   let q=c["query"].as_str().unwrap();
   let Some((path,var))=q.split_once(" = ") else {println!("FORM {} {q}",c["note"]);continue};
   if !path.starts_with("data.")||path.contains('[')||!var.chars().all(|c|c.is_ascii_alphanumeric()){println!("FORM {} {q}",c["note"]);continue}
   form+=1;
   let r=std::panic::catch_unwind(||->Result<Result<Option<J>,String>,String>{
    let mut e=Engine::new(); e.set_strict_builtin_errors(c["strict_error"].as_bool().unwrap_or(false));
    for (i,m) in c["modules"].as_array().into_iter().flatten().enumerate(){e.add_policy(format!("{i}.rego"),m.as_str().unwrap().into()).map_err(|e|format!("parse {e}"))?;}
    if c["data"].is_object(){e.add_data(c["data"].clone().into()).map_err(|e|e.to_string())?;}
    let p=e.compile_with_entrypoint(&path.to_string().into()).map_err(|e|format!("compile {e}"))?;
    let prog=Compiler::compile_from_policy(&p,&[path]).map_err(|e|format!("rvm {e}"))?;
    let mut vm=RegoVM::new(); vm.load_program(prog); vm.set_max_instructions(10_000_000);
    vm.set_strict_builtin_errors(c["strict_error"].as_bool().unwrap_or(false));
    vm.set_data(if c["data"].is_object(){c["data"].clone().into()}else{Value::new_object()}).map_err(|e|e.to_string())?;
    if !c["input"].is_null(){vm.set_input(c["input"].clone().into());}
    if !c["input_term"].is_null(){ let mut e2=Engine::new(); let r=e2.eval_query(c["input_term"].as_str().unwrap().into(),false).map_err(|e|e.to_string())?; vm.set_input(r.result[0].expressions[0].value.clone());}
    match vm.execute_entry_point_by_index(0){Ok(Value::Undefined)=>Ok(Ok(None)),Ok(v)=>Ok(Ok(Some(serde_json::to_value(&v).unwrap()))),Err(e)=>Ok(Err(e.to_string()))}
   });
   match r{Err(_)=>println!("PANIC {}",c["note"]),
    Ok(Err(e))=>{println!("NA {} {}",c["note"],e.lines().last().unwrap_or(""))},
    Ok(Ok(res))=>{comp+=1;
     let want_err=!c["want_error"].is_null()||!c["want_error_code"].is_null();
     let good=match &res{Err(_)=>want_err,Ok(None)=>!want_err&&c["want_result"].as_array().is_none_or(|a|a.is_empty()),
      Ok(Some(v))=>!want_err&&c["want_result"].as_array().is_some_and(|a|a.len()==1&&norm(&a[0][var])==norm(v))};
     if good{ok+=1}else{wrong+=1;println!("WRONG {} want {} {} got {:?}",c["note"],c["want_result"],c["want_error_code"],res)}
    }}
  }}
 println!("total {total} form {form} compiled {comp} ok {ok} wrong {wrong}");
}
fn norm(v:&J)->J{match v{J::Number(n)=>J::from(n.as_f64().unwrap()),J::Array(a)=>a.iter().map(norm).collect(),J::Object(m)=>J::Object(m.iter().map(|(k,v)|(k.clone(),norm(v))).collect()),o=>o.clone()}}
