"""The records of a node as FATE-Flow 1.x shows them. 1.4.4 puts JSON documents into strings; 1.11.2 gives objects."""

import json

STATUS = {"waiting": "waiting", "running": "running", "success": "success", "failed": "failed", "canceled": "canceled"}


def job_rows(job, old):
    plan = job.plan
    pack = json.dumps if old else (lambda value: value)
    role, party = plan["initiator"]
    for (own_role, own_party), row in list(job.rows.items()):
        tasks = [] if row["task"] is None else [f"{plan['job_id']}_{row['task']}"]
        shown = {
            "f_create_time": row["create"],
            "f_description": "",
            "f_dsl": pack(plan["dsl"]),
            "f_elapsed": None if row["end"] is None or row["start"] is None else row["end"] - row["start"],
            "f_end_time": row["end"],
            "f_initiator_party_id": str(party),
            "f_is_initiator": int(row["initiator"]) if old else row["initiator"],
            "f_job_id": plan["job_id"],
            "f_name": "",
            "f_party_id": str(own_party),
            "f_progress": row["progress"],
            "f_role": own_role,
            "f_roles": pack(plan["roles"]),
            "f_runtime_conf": pack(plan["conf"]),
            "f_start_time": row["start"],
            "f_status": STATUS[row["status"]],
            "f_tag": "job_end" if row["end"] else "job_waiting",
            "f_train_runtime_conf": pack({}),
            "f_update_time": row["update"],
        }
        if old:
            mode = plan["conf"]["job_parameters"].get("work_mode")
            shown |= {"f_current_steps": None, "f_current_tasks": json.dumps(tasks), "f_run_ip": "127.0.0.1:9380"}
            shown |= {"f_work_mode": mode}
        else:
            shown |= {"f_initiator_role": role, "f_user_id": None, "f_cores": 4}
        yield shown


def task_rows(job):
    for (component, role, party), task in list(job.tasks.items()):
        yield {
            "f_component_name": component,
            "f_create_time": task["create"],
            "f_elapsed": None if task["end"] is None else task["end"] - task["start"],
            "f_end_time": task["end"],
            "f_job_id": job.plan["job_id"],
            "f_operator": "python_operator",
            "f_party_id": str(party),
            "f_role": role,
            "f_run_ip": "",
            "f_run_pid": 1,
            "f_start_time": task["start"],
            "f_status": task["status"],
            "f_task_id": f"{job.plan['job_id']}_{component}",
            "f_update_time": task["update"],
        }


def model_data(model):
    shown = {
        "bestIteration": -1 if model["header"] else 0,
        "header": model["header"],
        "intercept": model["intercept"],
        "isConverged": model["converged"],
        "iters": model["iters"],
        "lossHistory": [],
        "weight": dict(zip(model["header"], model["weights"], strict=True)),
    }
    return {**shown, "needOneVsRest": False} if model["logistic"] else shown


def model_meta(model, role):
    given = model["parameters"]
    meta = {
        "alpha": given["alpha"],
        "batchSize": str(given["batch_size"]),
        "earlyStop": given["early_stop"],
        "fitIntercept": role != "host",
        "learningRate": given["learning_rate"],
        "maxIter": str(given["max_iter"]),
        "optimizer": given["optimizer"],
        "partyWeight": 0.0,
        "penalty": given["penalty"],
        "tol": given["tol"],
    }
    if model["logistic"]:
        return {"meta_data": {**meta, "needOneVsRest": False, "reEncryptBatches": "0"}, "module_name": "HeteroLR"}
    del meta["partyWeight"]
    return {"meta_data": meta, "module_name": "HeteroLinR"}
